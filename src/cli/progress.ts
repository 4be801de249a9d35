// Progress of long work, on stderr and only when that is a terminal: one line that is written over.
import { formatBytes } from '../base/bytes.ts';
import { wantsColour } from './terminal.ts';

export type Progress = {
  /** Shows that `name` is under way, with bytes done of bytes to do where these are known. */
  update(key: string, name: string, done?: number, total?: number): void;
  finish(key: string): void;
  /** Clears the line. */
  end(): void;
};

const everyMs = 100;

export function createProgress(stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) return { update() {}, finish() {}, end() {} };
  const active = new Map<string, string>();
  let finished = 0;
  let shown = 0;
  const dim = wantsColour(stream) ? (text: string) => `\u001b[2m${text}\u001b[22m` : (text: string) => text;

  const draw = (force = false) => {
    const now = performance.now();
    if (!force && now - shown < everyMs) return;
    shown = now;
    const text = `${finished} done · ${[...active.values()].join(' · ')}`;
    stream.write(`\r\u001b[K${dim(text.slice(0, Math.max(20, (stream.columns ?? 80) - 1)))}`);
  };

  return {
    update(key, name, done, total) {
      const part = done !== undefined && total ? ` ${formatBytes(done)} of ${formatBytes(total)}` : '';
      active.set(key, `${name}${part}`);
      draw();
    },
    finish(key) {
      if (active.delete(key)) finished += 1;
      draw();
    },
    end() {
      stream.write('\r\u001b[K');
    },
  };
}

/** Tells a terminal how far the reading of an image is. */
export async function whileReading<T>(
  text: string,
  read: (onProgress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  const progress = createProgress(process.stderr);
  try {
    return await read((done, total) => progress.update(text, `read ${text}`, done, total));
  } finally {
    progress.end();
  }
}
