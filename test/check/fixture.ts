// Images of made files: layers are written and scanned as in a build, then checked.
import type { Descriptor } from '../../src/base/digest.ts';
import { writeLayer } from '../../src/builders/layer.ts';
import { scan, scanLayer } from '../../src/builders/scan.ts';
import type { NamedSummary } from '../../src/check/image-files.ts';
import { type CheckOptions, checkImage } from '../../src/check/index.ts';
import type { Bench } from '../builders/fixture.ts';
import { type ElfFixture, makeElf } from '../formats/elf-fixture.ts';

/** A path to bytes, a text, an ELF file, or `{link}`; `null` is a folder. */
export type Files = Readonly<
  Record<string, Uint8Array | string | ElfFixture | { readonly link: string } | null>
>;

export async function makeLayer(bench: Bench, files: Files): Promise<Descriptor> {
  const { layer } = await writeLayer({ name: 'layer', store: bench.store }, writer => {
    for (const [path, content] of Object.entries(files)) {
      if (content === null) writer.folder(path);
      else if (typeof content === 'string') writer.file(path, 0o644, Buffer.from(content));
      else if (content instanceof Uint8Array) writer.file(path, 0o755, content);
      else if ('link' in content) writer.link(path, content.link);
      else writer.file(path, 0o755, makeElf(content));
    }
  });
  return layer;
}

export async function summarize(
  bench: Bench,
  layers: Readonly<Record<string, Files>>,
): Promise<NamedSummary[]> {
  const summaries: NamedSummary[] = [];
  for (const [name, files] of Object.entries(layers)) {
    const layer = await makeLayer(bench, files);
    summaries.push({ name, summary: await scanLayer(layer, { name, store: bench.store }) });
  }
  return summaries;
}

/** A wheel's files in site-packages, with the RECORD that makes them its own. */
export function wheelFiles(name: string, files: Files): Files {
  const paths = Object.keys(files);
  const record = [...paths, `${name}-1.0.dist-info/RECORD`].map(path => `${path},,\n`).join('');
  const all = { ...files, [`${name}-1.0.dist-info/RECORD`]: record };
  return Object.fromEntries(Object.entries(all).map(([path, content]) => [`${site}/${path}`, content]));
}

/** Files of a Debian package, with the list that makes them its own. */
export const debFiles = (name: string, files: Files): Files => ({
  ...files,
  [`var/lib/dpkg/status.d/${name}.md5sums`]: Object.keys(files)
    .map(file => `${'0'.repeat(32)}  ${file}\n`)
    .join(''),
});

export const site = 'opt/venv/lib/python3.11/site-packages';
export const multiarch = 'usr/lib/x86_64-linux-gnu';

/** glibc 2.36 and an interpreter for programs, as Debian lays them out. */
export const system: Files = {
  lib: { link: 'usr/lib' },
  lib64: { link: 'usr/lib64' },
  'usr/lib64/ld-linux-x86-64.so.2': { link: '/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2' },
  [`${multiarch}/ld-linux-x86-64.so.2`]: { soname: 'ld-linux-x86-64.so.2', versions: ['GLIBC_2.3'] },
  [`${multiarch}/libc.so.6`]: {
    soname: 'libc.so.6',
    interpreter: '/lib64/ld-linux-x86-64.so.2',
    needed: ['ld-linux-x86-64.so.2'],
    versions: ['GLIBC_2.2.5', 'GLIBC_2.9', 'GLIBC_2.34', 'GLIBC_2.36'],
  },
};

export async function check(
  bench: Bench,
  layers: Readonly<Record<string, Files>>,
  options: Partial<CheckOptions> = {},
) {
  const all = await summarize(bench, { base: system, ...layers });
  return checkImage({ layers: all, env: {}, platform: 'linux/amd64', ...options });
}

/** Runs the builder; gives its output's bytes. */
export async function runScan(
  bench: Bench,
  layer: Descriptor,
): Promise<{ descriptor: Descriptor; bytes: Buffer }> {
  const outputs = await scan.build(
    {},
    { layer: [layer] },
    {
      name: 'summary of a layer',
      platform: 'linux/amd64',
      store: bench.store,
      root: undefined,
      signal: new AbortController().signal,
      progress() {},
    },
  );
  const descriptor = outputs.summary!;
  return { descriptor, bytes: bench.store.readBlob(descriptor.digest) };
}
