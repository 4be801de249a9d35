// Digests as image-spec descriptor.md names them: <algorithm>:<hex>, of the two registered algorithms.
import type { Hash } from 'node:crypto';

export type Algorithm = 'sha256' | 'sha512';

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: string): boolean {
  return pattern.test(text);
}

export function algorithmOf(digest: string): Algorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hexadecimal digits; their number tells the algorithm. */
export function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export function digestOf(bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Node's own; its module is loaded when something is hashed first, which takes longer than a short request. */
export function createHash(algorithm: Algorithm): Hash {
  return process.getBuiltinModule('node:crypto').createHash(algorithm);
}
