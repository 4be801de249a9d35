// Wheels for tests: a sound one unless told otherwise.
import { createHash } from 'node:crypto';
import { makeZip, type ZipFixture } from '../formats/zip-fixture.ts';

export const wheelName = 'demo_pkg-1.0-py3-none-any.whl';

export type WheelFixture = {
  readonly files?: readonly ZipFixture[];
  readonly metadata?: string;
  readonly wheel?: string;
  readonly entryPoints?: string;
  /** RECORD in full; made from the files unless given. */
  readonly record?: string | null;
  readonly info?: string;
  readonly zip64End?: boolean;
};

export function makeWheel(fixture: WheelFixture = {}): Buffer {
  const info = fixture.info ?? 'demo_pkg-1.0.dist-info';
  const text = (name: string, content: string): ZipFixture => ({
    name: `${info}/${name}`,
    content: Buffer.from(content),
  });
  const files: ZipFixture[] = [
    ...(fixture.files ?? [{ name: 'demo_pkg/__init__.py', content: Buffer.from('x = 1\n') }]),
    text('METADATA', fixture.metadata ?? 'Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\n'),
    text('WHEEL', fixture.wheel ?? 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    ...(fixture.entryPoints === undefined ? [] : [text('entry_points.txt', fixture.entryPoints)]),
  ];
  const lines = files
    .filter(({ name }) => !String(name).endsWith('/'))
    .map(({ name, content }) => `${name},${recordHash(content)},${content.length}\n`);
  const record = fixture.record === undefined ? `${lines.join('')}${info}/RECORD,,\n` : fixture.record;
  return makeZip(record === null ? files : [...files, text('RECORD', record)], {
    zip64End: fixture.zip64End === true,
  });
}

export function recordHash(content: Uint8Array): string {
  return `sha256=${createHash('sha256').update(content).digest('base64url')}`;
}
