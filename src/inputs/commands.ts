// What to do in place of a command that a cog.yaml would run while the image is built. cogpack runs none, so each is an
// error; the advice goes by what the command starts with, where that says enough.

type Rule = readonly [pattern: RegExp, advice: (match: RegExpExecArray) => string];

const rules: readonly Rule[] = [
  [
    /\b(?:pip3?|uv pip) install\b(.*)/,
    ([, rest]) => `list the packages in build.python_requirements${named(rest, /^-/)}`,
  ],
  [
    /\bapt(?:-get)? install\b(.*)/,
    ([, rest]) => `list the packages in build.system_packages${named(rest, /^-/)}`,
  ],
  [/\bapt(?:-get)? (?:update|upgrade|clean)\b/, () => 'take it out: packages come from pinned indexes'],
  [
    /\bgit clone\b/,
    () =>
      'clone it into the project, or add it as a submodule: the files of the project are in the image below /src',
  ],
  [
    /^\s*(?:export )?([A-Z_][A-Z0-9_]*)=\S*\s*$/,
    ([, name]) => `write it as an item of environment: ${name}=…`,
  ],
  [
    /\b(?:huggingface-cli|hf) download\b|snapshot_download|from_pretrained|nltk\.download|hf_hub_download/,
    () =>
      'download the files once into a folder of the project: they are in the image below /src, in a layer that is pushed once',
  ],
  [
    /\b(?:curl|wget|aria2c|pget|gdown)\b/,
    () => 'download the file once into the project, and use it from there: it is in the image below /src',
  ],
  [
    /\b(?:make|cmake|ninja|gcc|g\+\+|nvcc|cargo|go build|npm|setup\.py)\b/,
    () =>
      'build it elsewhere, and put the result into the project: as a wheel in the requirements file, or as files',
  ],
  [
    /\b(?:mkdir|ln|cp|mv|chmod|touch|echo|tee|tar|unzip)\b/,
    () =>
      'make the files in the project: they are in the image below /src, with links and the executable bit',
  ],
  [/\bpython3?\b/, () => 'run it once, and keep what it writes in the project'],
];

/** One sentence without a full stop. */
export function adviceFor(command: string): string {
  for (const [pattern, advice] of rules) {
    const match = pattern.exec(command);
    if (match !== null) return advice(match);
  }
  return 'put what it makes into the project, or require it as a wheel or an apt package';
}

// The words of a command up to its end, without options.
function named(rest: string | undefined, option: RegExp): string {
  const [first = ''] = (rest ?? '').split(/&&|\|\||[;|\n]/);
  const words = first.split(/\s+/).filter(word => word !== '' && !option.test(word) && !word.includes('$'));
  return words.length === 0 ? '' : `: ${words.map(word => word.replace(/^["']|["']$/g, '')).join(', ')}`;
}
