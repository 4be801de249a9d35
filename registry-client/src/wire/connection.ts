// One connection that carries one exchange after another (HTTP/1.1, RFC 9112). Bytes are received into one buffer that is
// used again and again, and a part is valid only until its receiver has done with it: this is what makes a transfer as
// cheap as its copying and hashing. Bytes that are sent may be used again when the next part is asked for.
import type { Socket } from 'node:net';
import { type Decoder, decoderFor } from './framing.ts';
import { HttpSyntaxError, parseHead, type RequestHead, type ResponseHead, writeHead } from './head.ts';
import { type FileRange, sendFile } from './send-file.ts';
import { SourceError, writerTo } from './write.ts';

/** What the parts throw instead of a next one is a SourceError. */
export type Body = Uint8Array | string | AsyncIterable<Uint8Array> | FileRange;

/** Takes the next part of a body; it may be used until the call, or the promise it gives, has ended. */
export type Receiver = (part: Buffer) => void | Promise<void>;

export type WireAnswer = {
  readonly head: ResponseHead;
  /** Reads the body to its end; once. Throws what the connection or the receiver throws. */
  receive(receiver: Receiver): Promise<void>;
  /** Ends the connection, unless all of the body has come. */
  discard(): void;
};

export type Connection = {
  /** True when nothing is under way and another exchange may begin. */
  readonly idle: boolean;
  readonly usedBefore: boolean;
  exchange(
    request: RequestHead,
    body: Body | undefined,
    signal: AbortSignal | undefined,
  ): Promise<WireAnswer>;
  destroy(): void;
};

/** Connects `socket`'s bytes; `attach` is given what takes them, and it may say (with a promise) to wait. */
export type Opened = {
  readonly socket: Socket;
  readonly attach: (sink: (part: Buffer) => void | Promise<void>) => void;
};

/** A failure before any byte of an answer came, on a connection that had been idle: safe to do again at once. */
export class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

const maxHeadBytes = 64 << 10;
const idleKeptMs = 10_000;

type Exchange = {
  readonly method: string;
  readonly answered: PromiseWithResolvers<WireAnswer>;
  readonly finished: PromiseWithResolvers<void>;
  head: ResponseHead | undefined;
  headText: string;
  decoder: Decoder | undefined;
  receiver: Receiver | undefined;
  /** Called when a receiver comes, so that bytes that were held go on. */
  received: PromiseWithResolvers<void>;
  sent: boolean;
};

export function createConnection(
  { socket, attach }: Opened,
  idleMs: number,
  onIdle: (connection: Connection) => void,
): Connection {
  let current: Exchange | undefined;
  let failure: Error | undefined;
  let exchanges = 0;

  const fail = (error: Error) => {
    failure ??= error;
    socket.destroy();
    const exchange = current;
    current = undefined;
    if (exchange === undefined) return;
    const mayBeStale = exchanges > 1 && exchange.headText === '' && exchange.head === undefined;
    exchange.answered.reject(mayBeStale && !(error instanceof SourceError) ? stale(error) : error);
    exchange.finished.reject(error);
    exchange.received.resolve();
  };
  socket.on('error', fail);
  socket.on('timeout', () => {
    if (current !== undefined) fail(timedOut(idleMs));
    else socket.destroy();
  });
  const ended = () => {
    const exchange = current;
    if (exchange?.decoder?.end() && exchange.sent) complete(exchange);
    else fail(cutOff());
  };
  socket.on('end', ended);
  socket.on('close', ended);

  const complete = (exchange: Exchange) => {
    if (current !== exchange || !exchange.decoder?.end()) return;
    current = undefined;
    exchange.finished.resolve();
    const { headers, minor } = exchange.head!;
    const close = /\bclose\b/i.test(headers.get('connection') ?? '') || minor === 0;
    if (close || !exchange.decoder.done || !exchange.sent || socket.destroyed) {
      socket.destroy();
      return;
    }
    socket.setTimeout(idleKeptMs);
    socket.unref();
    onIdle(connection);
  };

  const takeHead = (exchange: Exchange, bytes: Buffer): Buffer | undefined => {
    const before = exchange.headText.length;
    exchange.headText += bytes.toString('latin1');
    const end = exchange.headText.indexOf('\r\n\r\n');
    if (end < 0) {
      if (exchange.headText.length > maxHeadBytes) throw new HttpSyntaxError("the answer's head is too long");
      return undefined;
    }
    const head = parseHead(exchange.headText.slice(0, end));
    const rest = bytes.subarray(end + 4 - before);
    if (head.status < 200) {
      exchange.headText = '';
      return rest.length > 0 ? takeHead(exchange, rest) : undefined;
    }
    exchange.head = head;
    exchange.decoder = decoderFor(exchange.method, head);
    exchange.answered.resolve(answerOf(exchange));
    return rest;
  };

  const answerOf = (exchange: Exchange): WireAnswer => ({
    head: exchange.head!,
    receive(receiver) {
      exchange.receiver = receiver;
      exchange.received.resolve();
      return exchange.finished.promise;
    },
    discard() {
      exchange.finished.promise.catch(() => {});
      exchange.receiver = () => {};
      exchange.received.resolve();
      if (current === exchange && !exchange.decoder!.done) fail(new Error('the answer was not wanted'));
    },
  });

  const take = (bytes: Buffer): void | Promise<void> => {
    const exchange = current;
    if (exchange === undefined) return void fail(new HttpSyntaxError('an answer without a request'));
    try {
      const rest = exchange.head === undefined ? takeHead(exchange, bytes) : bytes;
      if (rest === undefined) return;
      const parts = exchange.decoder!.push(rest).filter(part => part.length > 0);
      if (parts.length === 0) {
        if (exchange.decoder!.done) complete(exchange);
        return;
      }
      const [only] = parts;
      const handed =
        parts.length === 1 && exchange.receiver !== undefined
          ? exchange.receiver(only!)
          : handOn(exchange, parts);
      if (!(handed instanceof Promise)) {
        if (exchange.decoder!.done) complete(exchange);
        return;
      }
      return waitFor(exchange, handed);
    } catch (error) {
      fail(error as Error);
    }
  };

  const handOn = async (exchange: Exchange, parts: readonly Buffer[]) => {
    if (exchange.receiver === undefined) await exchange.received.promise;
    for (const part of parts) await exchange.receiver?.(part);
  };

  // While a receiver works, silence is ours and not the registry's.
  const waitFor = async (exchange: Exchange, work: Promise<void>) => {
    socket.setTimeout(0);
    try {
      await work;
      socket.setTimeout(idleMs);
      if (exchange.decoder!.done) complete(exchange);
    } catch (error) {
      fail(error as Error);
    }
  };
  attach(take);

  const send = async (exchange: Exchange, head: Buffer, body: Body | undefined) => {
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
      socket.cork();
      socket.write(head);
      if (body !== undefined && body.length > 0) socket.write(body);
      socket.uncork();
      exchange.sent = true;
      return;
    }
    const write = writerTo(socket);
    await write(head);
    // When it has been answered already, the rest is not wanted.
    const wanted = () => current === exchange && exchange.head === undefined;
    if ('path' in body) {
      exchange.sent = await sendFile(socket, write, body, wanted);
      return;
    }
    for await (const part of body) {
      if (!wanted()) return;
      const waiting = write(part);
      if (waiting !== undefined) await waiting;
    }
    exchange.sent = true;
  };

  const connection: Connection = {
    get idle() {
      return current === undefined && failure === undefined && !socket.destroyed;
    },
    get usedBefore() {
      return exchanges > 0;
    },
    async exchange(request, body, signal) {
      signal?.throwIfAborted();
      const head = writeHead(request);
      const exchange: Exchange = {
        method: request.method,
        answered: Promise.withResolvers(),
        finished: Promise.withResolvers(),
        received: Promise.withResolvers(),
        head: undefined,
        headText: '',
        decoder: undefined,
        receiver: undefined,
        sent: false,
      };
      exchange.finished.promise.catch(() => {});
      current = exchange;
      exchanges += 1;
      socket.ref();
      socket.setTimeout(idleMs);
      const abort = () => fail(signal!.reason instanceof Error ? signal!.reason : new Error('stopped'));
      signal?.addEventListener('abort', abort, { once: true });
      exchange.finished.promise.catch(() => {}).finally(() => signal?.removeEventListener('abort', abort));
      send(exchange, head, body).catch(error => {
        if (current === exchange && exchange.head === undefined) fail(error);
      });
      return exchange.answered.promise;
    },
    destroy: () => void socket.destroy(),
  };
  return connection;
}

function stale(cause: Error): Error {
  return new StaleConnection(cause.message, { cause });
}

function cutOff(): Error {
  return Object.assign(new Error('the connection was closed before the answer was complete'), {
    code: 'ECONNRESET',
  });
}

function timedOut(ms: number): Error {
  return Object.assign(new Error(`nothing came for ${ms / 1000} s`), { code: 'ETIMEDOUT' });
}
