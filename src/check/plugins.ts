// Libraries of Debian packages that a program opens on request. A package depends on what its programs and the libraries
// that others are linked with need (Debian Policy 8.6); what a plugin needs it may only recommend or suggest. Plugins lie
// deeper than the loader's folders, or in them, and then no file of the image names them.
import { posix } from 'node:path';
import type { ImageFile } from './image-files.ts';
import type { Need } from './libraries.ts';
import { loadable } from './loader.ts';

const library = /^usr\/lib\/.*\.so(?:\.|$)/;
const inLoaderFolder = /^usr\/lib\/(?:[^/]+-linux-gnu\/)?[^/]+$/;

/** Judges the files of Debian packages by all needs of an image. */
export function createIsPlugin(needs: readonly Need[]): (file: ImageFile) => boolean {
  const needed = new Set(needs.map(({ soname }) => soname));
  return file => {
    if (!library.test(file.path)) return false;
    return (
      !inLoaderFolder.test(file.path) || !needed.has(loadable(file)?.soname ?? posix.basename(file.path))
    );
  };
}
