// The scripts of a virtual environment's bin folder: one for each console or GUI entry point (specification "Entry
// points", "Use for scripts"), and the shebang line that stands for `#!python`.
import type { EntryPoint } from '../formats/wheel-metadata.ts';
import type { Venv } from './wheel-layout.ts';

function shebang(venv: Venv): string {
  return `#!/${venv.bin}/python`;
}

/** A program that imports the entry point's object and exits with what calling it returns. */
export function entryPointScript(venv: Venv, { module, attribute }: EntryPoint): string {
  const [imported] = attribute.split('.');
  return [
    shebang(venv),
    'import sys',
    '',
    `from ${module} import ${imported}`,
    '',
    "if __name__ == '__main__':",
    `    sys.exit(${attribute}())`,
    '',
  ].join('\n');
}

export const placeholder = '#!python';

/** A script with `#!python` or `#!pythonw` made to name the environment's interpreter; arguments stay. */
export function withShebang(venv: Venv, script: Buffer): Buffer {
  const end = script.indexOf(0x0a);
  const line = script.subarray(0, end < 0 ? script.length : end).toString('latin1');
  const argumentsAt = /^#!pythonw?/.exec(line)?.[0].length ?? line.length;
  const first = shebang(venv) + line.slice(argumentsAt).replace(/\r$/, '');
  return Buffer.concat([Buffer.from(first, 'latin1'), end < 0 ? Buffer.alloc(0) : script.subarray(end)]);
}
