// Sends part of a file over a connection. On Linux, and without TLS, the system takes the bytes from its cache to the
// socket, which saves two copies of each byte. What it does not take at once is read and written in the ordinary way, which
// waits for the socket and tells of its errors.
import { closeSync, openSync, readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { RegistryError } from '../error.ts';
import { type Native, nativeFor } from './native.ts';
import { SourceError, type Write } from './write.ts';

/** The bytes of a file from `start` to `end`. */
export type FileRange = { readonly path: string; readonly start: number; readonly end: number };

const mostAtOnce = 8 << 20;
// What is read into it lies in the processor's cache when it is sent; where the system sends, it is only for waiting.
const bufferBytes = 128 << 10;
const waitingBytes = 4 << 10;

/**
 * Ends early when the bytes are no longer `wanted`; says whether all were sent. Throws SourceError for the file, the
 * socket's error for the socket.
 */
export async function sendFile(
  socket: Socket,
  write: Write,
  { path, start, end }: FileRange,
  wanted: () => boolean,
): Promise<boolean> {
  const native = 'encrypted' in socket ? undefined : nativeFor(end - start);
  const file = fromSource(() => openSync(path, 'r'));
  native?.startBatch();
  try {
    const direct = native === undefined ? undefined : directTo(socket, file, native);
    const size = native === undefined ? bufferBytes : waitingBytes;
    const buffer = Buffer.allocUnsafeSlow(Math.min(size, end - start));
    let at = start;
    while (at < end && wanted()) {
      if (direct !== undefined) at += direct(at, end - at);
      if (at === end) break;
      const count = fromSource(() => readSync(file, buffer, 0, Math.min(buffer.length, end - at), at));
      if (count === 0) throw tooShort(path, end, at);
      at += count;
      await write(buffer.subarray(0, count));
    }
    return at === end;
  } finally {
    native?.stopBatch();
    closeSync(file);
  }
}

/** Sends up to `count` bytes from `from` on; gives how many the system took. */
function directTo(
  socket: Socket,
  file: number,
  { sendfile }: Native,
): (from: number, count: number) => number {
  const position = new BigInt64Array(1);
  return (from, count) => {
    const descriptor = descriptorOf(socket);
    if (descriptor === undefined || socket.writableLength > 0) return 0;
    position[0] = BigInt(from);
    return Math.max(0, Number(sendfile(descriptor, file, position, BigInt(Math.min(count, mostAtOnce)))));
  };
}

/** The socket's file descriptor, as long as it is open. Node has no public name for it. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}

function fromSource<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new SourceError(error);
  }
}

function tooShort(path: string, expected: number, found: number): SourceError {
  return new SourceError(
    new RegistryError('size', `${path}: expected ${expected} bytes or more, found ${found}`),
  );
}
