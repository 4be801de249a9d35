// cogpack.lock: a function from requests to answers, and the resolvers that extend it.
export type { LockContext } from './context.ts';
export { type Lock, lockText, readLock, requestKey, writeLock } from './lock-file.ts';
export { resolveRequest } from './resolve.ts';
