// Checks bytes against a descriptor while they pass: never more than its size, in the end exactly its size and digest.
import type { Hash } from 'node:crypto';
import { algorithmOf, createHash } from './digest.ts';
import { RegistryError } from './error.ts';

export type Expected = { readonly digest: string; readonly size: number };

export type Verifier = {
  /** Takes the next bytes. Throws `size` when they go beyond the end. */
  update(bytes: Uint8Array): void;
  /** How many bytes have passed. */
  readonly size: number;
  /** Throws `size` or `digest` unless all that passed is what was expected. */
  finish(): void;
  /** A copy at this point, to come back to. */
  copy(): Verifier;
};

/** `what` names the bytes in messages: a request, a file. */
export function createVerifier(expected: Expected, what: string): Verifier {
  return verifier(createHash(algorithmOf(expected.digest)), 0, expected, what);
}

function verifier(hash: Hash, passed: number, expected: Expected, what: string): Verifier {
  let size = passed;
  return {
    update(bytes) {
      size += bytes.length;
      if (size > expected.size) {
        throw new RegistryError(
          'size',
          `${what}: expected ${expected.size} bytes for ${expected.digest}, found more`,
        );
      }
      hash.update(bytes);
    },
    get size() {
      return size;
    },
    finish() {
      if (size !== expected.size) {
        const message = `${what}: expected ${expected.size} bytes for ${expected.digest}, found ${size}`;
        throw new RegistryError('size', message);
      }
      const found = `${algorithmOf(expected.digest)}:${hash.digest('hex')}`;
      if (found === expected.digest) return;
      throw new RegistryError('digest', `${what}: expected ${expected.digest}, found ${found}`);
    },
    copy: () => verifier(hash.copy(), size, expected, what),
  };
}
