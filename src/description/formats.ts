// What a string of a description must look like where an image's configuration or a lock gives it a meaning
// (image-spec config.md; the names of OCI platforms are Go's GOOS/GOARCH).

type Problem = { readonly expected: string; readonly hint?: string };
type Format = (text: string) => Problem | undefined;

const platforms = ['linux/amd64', 'linux/arm64'];

/** By the name that a contract uses; each gives the problem with a text, or undefined when it is well-formed. */
export const formats: Readonly<Record<string, Format>> = {
  environmentName: matching(
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    'the name of an environment variable: letters, digits and _, no = sign',
  ),
  environmentValue: matching(/^[^\0]*$/, 'text without a NUL'),
  absolutePath: text => {
    if (!text.startsWith('/'))
      return { expected: 'an absolute path', hint: `write "/${text.replace(/^\.?\//, '')}"` };
    if (/\0|(^|\/)\.\.(\/|$)/.test(text)) return { expected: 'a path without ".." and NUL' };
    return undefined;
  },
  projectPath: text => {
    if (text.startsWith('/') || /\0|(^|\/)\.\.(\/|$)/.test(text) || text === '') {
      return {
        expected: 'a path inside the project',
        hint: 'name it relative to the description, without ".."',
      };
    }
    return undefined;
  },
  port: text => {
    const match = /^(\d{1,5})(\/(tcp|udp))?$/.exec(text);
    const number = Number(match?.[1]);
    return match !== null && number >= 1 && number <= 65535
      ? undefined
      : {
          expected: 'a port from 1 to 65535, with /tcp or /udp if you like',
          hint: 'for example "5000" or "5000/tcp"',
        };
  },
  user: matching(
    /^([a-z_][a-z0-9_-]*|\d+)(:([a-z_][a-z0-9_-]*|\d+))?$/,
    'a user name or number, with a group after a colon if you like',
    'for example "nobody", "1000" or "1000:1000"',
  ),
  label: matching(
    /^[^\s\0]+$/,
    'a label name without white space',
    'for example "org.opencontainers.image.title"',
  ),
  tag: matching(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
    "an image's tag: letters, digits, _ . and -",
    'for example "py3.11-torch2.5"',
  ),
  platform: text =>
    platforms.includes(text)
      ? undefined
      : { expected: `one of ${platforms.join(', ')}`, hint: 'a platform is os/architecture' },
  argument: matching(/^[^\0]*$/, 'text without a NUL'),
  debianPackage: matching(
    /^[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?$/,
    'the name of a Debian package',
    'names have small letters, digits, + - and .',
  ),
  pythonVersion: matching(
    /^3\.\d+$/,
    'a Python version such as "3.11"',
    'the patch version is the one that the suite or the base carries',
  ),
  imageReference: text => {
    if (/^oci:[^:]+(:[\w][\w.-]*)?$/.test(text))
      return /^oci:(?:\/|(?:.*\/)?\.\.(?:\/|:|$))/.test(text)
        ? { expected: 'a layout inside the project', hint: 'name it relative to the description' }
        : undefined;
    return /^(?:https?:\/\/)?[^\s/@]+\/[^\s@]+(?:@sha256:[0-9a-f]{64})?$/.test(text)
      ? undefined
      : {
          expected: 'a reference to an image with its registry, or oci:DIR',
          hint: 'for example "localhost:5000/base:1", "localhost:5000/base@sha256:…" or "oci:base"',
        };
  },
  pythonReference: matching(
    /^[^:]+\.py:[A-Za-z_]\w*$/,
    'a file and a name in it',
    'for example "predict.py:Predictor"',
  ),
};

function matching(pattern: RegExp, expected: string, hint?: string): Format {
  return text => (pattern.test(text) ? undefined : { expected, ...(hint !== undefined && { hint }) });
}
