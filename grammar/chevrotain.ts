// Chevrotain in its single-file build, loaded when the first text with a mistake is parsed.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

export function loadChevrotain(): typeof import('chevrotain') {
  const { resolve } = createRequire(import.meta.url);
  return createRequire(import.meta.url)(
    new URL('../chevrotain.min.mjs', pathToFileURL(resolve('chevrotain'))).pathname,
  );
}
