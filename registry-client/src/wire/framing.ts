// Where the body of an HTTP/1.1 response ends (RFC 9112 §6.3): at once, after a length, after the last chunk, or with the
// connection. A body in chunks is put together again; nothing is copied.
import { HttpSyntaxError, type ResponseHead } from './head.ts';

export type Decoder = {
  /** The body's bytes in what came. Throws HttpSyntaxError, also for bytes after the end. */
  push(bytes: Buffer): Buffer[];
  readonly done: boolean;
  /** The connection has ended: true when the body may end so. */
  end(): boolean;
};

const maxChunkLine = 4096;

/** The decoder of a response's body. */
export function decoderFor(method: string, { status, headers }: ResponseHead): Decoder {
  if (method === 'HEAD' || status === 204 || status === 304) return lengthDecoder(0);
  const coding = headers.get('transfer-encoding');
  if (coding !== undefined) {
    if (coding.trim().toLowerCase() === 'chunked') return chunkDecoder();
    throw new HttpSyntaxError(`the answer is encoded as "${coding}", which was not asked for`);
  }
  const length = headers.get('content-length');
  if (length === undefined) return closeDecoder();
  const values = new Set(length.split(',').map(each => each.trim()));
  const [value = ''] = values;
  if (values.size !== 1 || !/^[0-9]{1,15}$/.test(value))
    throw new HttpSyntaxError(`Content-Length is "${length}"`);
  return lengthDecoder(Number(value));
}

function lengthDecoder(length: number): Decoder {
  let left = length;
  return {
    push(bytes) {
      if (bytes.length > left) throw new HttpSyntaxError('the answer goes on after its end');
      left -= bytes.length;
      return [bytes];
    },
    get done() {
      return left === 0;
    },
    end: () => left === 0,
  };
}

function closeDecoder(): Decoder {
  return { push: bytes => [bytes], done: false, end: () => true };
}

function chunkDecoder(): Decoder {
  let state: 'size' | 'data' | 'after data' | 'trailer' | 'done' = 'size';
  let line = '';
  let left = 0;

  // Takes bytes up to a line's end; undefined until it has come.
  const readLine = (bytes: Buffer, from: number): { text: string; next: number } | undefined => {
    const end = bytes.indexOf(10, from);
    line += bytes.toString('latin1', from, end < 0 ? bytes.length : end);
    if (line.length > maxChunkLine) throw new HttpSyntaxError('a line between chunks is too long');
    if (end < 0) return undefined;
    const text = line.replace(/\r$/, '');
    line = '';
    return { text, next: end + 1 };
  };

  return {
    push(bytes) {
      const parts: Buffer[] = [];
      let at = 0;
      while (at < bytes.length) {
        if (state === 'done') throw new HttpSyntaxError('the answer goes on after its end');
        if (state === 'data') {
          const part = bytes.subarray(at, at + left);
          parts.push(part);
          at += part.length;
          left -= part.length;
          if (left === 0) state = 'after data';
          continue;
        }
        const found = readLine(bytes, at);
        if (found === undefined) break;
        at = found.next;
        if (state === 'size') {
          const size = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(found.text)?.[1];
          if (size === undefined) throw new HttpSyntaxError('a chunk has no size');
          left = Number.parseInt(size, 16);
          state = left === 0 ? 'trailer' : 'data';
        } else if (state === 'after data') {
          if (found.text !== '') throw new HttpSyntaxError('a chunk is longer than its size');
          state = 'size';
        } else if (found.text === '') {
          state = 'done';
        }
      }
      return parts;
    },
    get done() {
      return state === 'done';
    },
    end: () => state === 'done',
  };
}
