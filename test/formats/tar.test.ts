import { execFileSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { entryTime, paddingOf, type TarEntry, tarHeader, tarTrailer } from '../../src/formats/tar.ts';
import { createTarGzip, trailerMember } from '../../src/formats/tar-gzip.ts';

const name = fc.string({
  unit: fc.constantFrom('a', 'b', '-', 'é', '漢', ' ', 'x'),
  minLength: 1,
  maxLength: 60,
});
const path = fc.array(name, { minLength: 1, maxLength: 8 }).map(names => names.join('/'));
const mode = fc.constantFrom(0o644, 0o755, 0o4755, 0o1777);
const entry: fc.Arbitrary<TarEntry> = fc.oneof(
  fc.record({ type: fc.constant('file' as const), path, mode, size: fc.integer({ min: 0, max: 2000 }) }),
  fc.record({ type: fc.constant('folder' as const), path, mode }),
  fc.record({ type: fc.constant('link' as const), path, target: path }),
  fc.record({ type: fc.constant('hard link' as const), path, mode, target: path }),
);

test('another reader finds each entry as it was written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async entries => {
      expect(await read(archive(entries))).toEqual(entries.map(expectedOf));
    }),
  );
});

test('a path of a hundred ASCII characters needs no pax header, and neither does one that splits at a slash', () => {
  for (const long of ['a'.repeat(100), `${'a'.repeat(155)}/${'b'.repeat(100)}`]) {
    expect(tarHeader({ type: 'file', path: long, mode: 0o644, size: 0 })).toHaveLength(512);
  }
  expect(tarHeader({ type: 'file', path: 'a'.repeat(101), mode: 0o644, size: 0 }).length).toBeGreaterThan(
    512,
  );
});

test('a size that octal digits cannot hold goes to a pax header', async () => {
  const size = 8 ** 11;
  const header = tarHeader({ type: 'file', path: 'big', mode: 0o644, size });
  expect(header.toString('latin1')).toContain(`size=${size}\n`);
  expect(tarHeader({ type: 'file', path: 'big', mode: 0o644, size: size - 1 })).toHaveLength(512);
});

test('the system tar lists what a gathered archive holds', () => {
  const parts: Uint8Array[] = [];
  const stream = createTarGzip(bytes => parts.push(Uint8Array.from(bytes)));
  const content = Buffer.alloc(3_000_000, 'content ');
  stream.add(tarHeader({ type: 'folder', path: 'größe', mode: 0o755 }));
  stream.add(tarHeader({ type: 'file', path: 'größe/file', mode: 0o644, size: content.length }));
  stream.add(content);
  stream.add(new Uint8Array(paddingOf(content.length)));
  stream.finish();
  const file = Buffer.concat(parts);
  expect(file.subarray(-trailerMember.length).equals(trailerMember)).toBe(true);
  expect(gunzipSync(file).subarray(-1024).equals(tarTrailer)).toBe(true);
  const listing = execFileSync('tar', ['tzvf', '-', '--utc', '--quoting-style=literal'], {
    input: file,
    encoding: 'utf8',
  });
  expect(listing).toMatch(
    /^drwxr-xr-x 0\/0\s+0 1970-01-01 00:00 größe\/\n-rw-r--r-- 0\/0\s+3000000 1970-01-01 00:00 größe\/file\n$/,
  );
});

function archive(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap(item => {
    const size = item.type === 'file' ? item.size : 0;
    return [tarHeader(item), Buffer.alloc(size), Buffer.alloc(paddingOf(size))];
  });
  return Buffer.concat([...parts, tarTrailer]);
}

async function read(bytes: Buffer) {
  const reader = extract();
  reader.end(bytes);
  const found: unknown[] = [];
  for await (const item of reader) {
    const { name, type, mode, size, linkname, uid, gid, mtime } = item.header;
    found.push({ name, type, mode, size, linkname, uid, gid, mtime: mtime.getTime() });
    item.resume();
  }
  return found;
}

function expectedOf(item: TarEntry) {
  return {
    name: item.type === 'folder' ? `${item.path}/` : item.path,
    type: { file: 'file', folder: 'directory', link: 'symlink', 'hard link': 'link' }[item.type],
    mode: 'mode' in item ? item.mode : 0o777,
    size: item.type === 'file' ? item.size : 0,
    linkname: 'target' in item ? item.target : null,
    uid: 0,
    gid: 0,
    mtime: entryTime * 1000,
  };
}
