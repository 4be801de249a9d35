// What a stream can show.
import type { WriteStream } from 'node:tty';

/** Colours only on a terminal, and never where NO_COLOR is set (no-color.org). */
export function wantsColour(stream: NodeJS.WriteStream | WriteStream): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** Aborts on ^C and on SIGTERM; a second ^C ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return controller.signal;
}
