// Chevrotain in its single-file build, loaded when the first text with a mistake is parsed.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export function loadChevrotain(): typeof import('chevrotain') {
  const require = createRequire(import.meta.url);
  return require(join(dirname(require.resolve('chevrotain')), '../chevrotain.min.mjs'));
}
