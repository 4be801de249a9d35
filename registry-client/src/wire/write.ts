// Bytes to a socket.
import type { Socket } from 'node:net';

/** Writes a part; gives something to wait for when the system has not taken it at once. Until then it may not be used again. */
export type Write = (part: Uint8Array) => Promise<void> | undefined;

/** What went wrong with the bytes that were to be sent, which says nothing of the connection. */
export class SourceError extends Error {
  override readonly name = 'SourceError';

  constructor(cause: unknown) {
    super('the bytes to be sent cannot be read', { cause });
  }
}

export function writerTo(socket: Socket): Write {
  let waiting: PromiseWithResolvers<void> | undefined;
  // One callback for all parts: the stream then calls it without work for each.
  const onWritten = (error?: Error | null) => {
    if (error) waiting?.reject(error);
    else if (socket.writableLength === 0) waiting?.resolve();
  };
  return part => {
    socket.write(part, onWritten);
    // A socket that has failed has nothing to write either; its error comes with the callback.
    if (socket.writableLength === 0 && !socket.destroyed) return undefined;
    waiting = Promise.withResolvers();
    return waiting.promise;
  };
}
