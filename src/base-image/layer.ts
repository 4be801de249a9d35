// Reads a layer of a base image once, as its bytes pass: every path, and of few files what describes the image. Of these
// only what is needed is kept: the small ones as texts, of programs and libraries a version that stands in them.
import type { SummaryEntry } from '../check/summary.ts';
import { safeMember } from '../formats/layer-tar.ts';
import { type ContentSink, readTar, type TarSource } from '../formats/tar-read.ts';
import { parseHeaders } from '../formats/wheel-metadata.ts';
import { interpreterBinary } from './places.ts';

const maxText = 1 << 20;
const maxStatus = 64 << 20;
/** Longer than any text that is searched for. */
const overlap = 128;

/** Throws `tar/format`, `scan/path`. */
export async function readBaseLayer(source: TarSource, label: string): Promise<SummaryEntry[]> {
  const entries: SummaryEntry[] = [];
  let reading: Reading | undefined;
  await readTar(
    source,
    label,
    member => {
      const { path, size } = safeMember(member, label);
      reading = readingOf(path, size);
      return () => reading?.write;
    },
    ({ path, type, size, mode, target }, crc) => {
      const found = reading?.finish();
      reading = undefined;
      if (path === '') return;
      if (type === 'file') {
        const executable = (mode & 0o111) !== 0 && { executable: true as const };
        entries.push({ type, path, size, crc, ...executable, ...found });
      } else if (type === 'link' || type === 'hard link') entries.push({ type, path, target });
      else entries.push({ type, path });
    },
  );
  return entries;
}

type Reading = { readonly write: ContentSink; finish(): { readonly text?: string } };

function readingOf(path: string, size: number): Reading | undefined {
  const base = path.slice(path.lastIndexOf('/') + 1);
  const python = interpreterBinary.exec(path)?.[1];
  // CPython's PY_VERSION, a string of its own in the program or in libpython.
  if (python !== undefined)
    return searching(
      new RegExp(`(?<![\\d.])(${python.replace('.', '\\.')}\\.\\d+(?:(?:a|b|rc)\\d+)?)\\+?\\0`),
    );
  // The C library's own words, which running it as a program prints.
  if (/^libc(?:\.so\.6|-2\.\d+\.so)$/.test(base))
    return searching(/GNU C Library .{0,80}?release version (\d+\.\d+)/);
  if (/(?:\.dist-info\/METADATA|\.egg-info(?:\/PKG-INFO)?)$/.test(path) && size <= maxText)
    return keeping(text => {
      const headers = parseHeaders(text);
      return `${headers.get('name') ?? ''}\n${headers.get('version') ?? ''}`;
    });
  const most = path === 'var/lib/dpkg/status' ? maxStatus : maxText;
  return isText(path) && size <= most ? keeping(text => text) : undefined;
}

function isText(path: string): boolean {
  return (
    /^(?:etc|usr\/lib)\/os-release$/.test(path) ||
    /^var\/lib\/dpkg\/(?:status|status\.d\/[^/]+)$/.test(path) ||
    /(?:^|\/)(?:pyvenv\.cfg|torch\/version\.py|cuda[^/]*\/version\.json)$/.test(path)
  );
}

function keeping(shorten: (text: string) => string): Reading {
  const parts: Buffer[] = [];
  return {
    write: part => parts.push(Buffer.from(part)),
    finish: () => ({ text: shorten(Buffer.concat(parts).toString('utf8')) }),
  };
}

/** The first match's group. Holds one part of the file. */
function searching(pattern: RegExp): Reading {
  let found: string | undefined;
  let tail = '';
  return {
    write(part) {
      if (found !== undefined) return;
      const text = tail + part.toString('latin1');
      found = pattern.exec(text)?.[1];
      tail = text.slice(-overlap);
    },
    finish: () => (found === undefined ? {} : { text: found }),
  };
}
