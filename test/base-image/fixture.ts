// Base images of made files, in memory: layers as tar-stream packs them, so with whiteouts, hard links and every form of
// compression that registries hold.
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { type Descriptor, descriptorSchema, sha256 } from '../../src/base/digest.ts';
import { type BaseImage, describeImage } from '../../src/base-image/describe.ts';
import type { BaseMetadata } from '../../src/base-image/metadata.ts';
import { openLayerStream } from '../../src/formats/layer-tar.ts';

/** A path to a text, a program's bytes, a link or a hard link; `null` is a folder. */
export type Files = Readonly<
  Record<string, string | Buffer | { readonly link: string } | { readonly hardLink: string } | null>
>;

export type Form = 'tar' | 'tar+gzip' | 'tar+zstd' | 'docker';

export async function makeTar(files: Files): Promise<Buffer> {
  const archive = pack();
  for (const [path, content] of Object.entries(files)) {
    const header = { name: path, mtime: new Date(0) };
    if (content === null) archive.entry({ ...header, type: 'directory' });
    else if (typeof content === 'string') archive.entry({ ...header, mode: 0o644 }, content);
    else if (Buffer.isBuffer(content)) archive.entry({ ...header, mode: 0o755 }, content);
    else if ('link' in content) archive.entry({ ...header, type: 'symlink', linkname: content.link });
    else archive.entry({ ...header, type: 'link', linkname: content.hardLink });
  }
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

export type Config = Readonly<Record<string, unknown>>;

export async function makeImage(
  layers: readonly Files[],
  { config = {}, form = 'tar+gzip' }: { readonly config?: Config; readonly form?: Form } = {},
): Promise<BaseImage> {
  const tars = await Promise.all(layers.map(makeTar));
  const blobs = tars.map(tar => compressed(tar, form));
  const configBytes = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config,
      rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
    }),
  );
  const manifest = {
    schemaVersion: 2,
    config: describedAs('application/vnd.oci.image.config.v1+json', configBytes),
    layers: blobs.map(blob => describedAs(mediaTypes[form], blob)),
  };
  const byDigest = new Map(blobs.map(blob => [sha256(blob) as string, blob]));
  return {
    label: 'demo',
    manifestBytes: Buffer.from(JSON.stringify(manifest)),
    configBytes,
    withLayer: (layer, read) =>
      read(openLayerStream(inParts(byDigest.get(layer.digest)!), layer.mediaType, 'demo')),
  };
}

export async function describeFiles(...arguments_: Parameters<typeof makeImage>): Promise<BaseMetadata> {
  return describeImage(await makeImage(...arguments_));
}

const mediaTypes: Readonly<Record<Form, string>> = {
  tar: 'application/vnd.oci.image.layer.v1.tar',
  'tar+gzip': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'tar+zstd': 'application/vnd.oci.image.layer.v1.tar+zstd',
  docker: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

function compressed(tar: Buffer, form: Form): Buffer {
  return form === 'tar' ? tar : form === 'tar+zstd' ? zstdCompressSync(tar) : gzipSync(tar);
}

function describedAs(mediaType: string, bytes: Buffer): Descriptor {
  return descriptorSchema.parse({ mediaType, digest: sha256(bytes), size: bytes.length });
}

/** Small parts, so that what is searched for lies across their borders. */
function* inParts(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 977) yield bytes.subarray(at, at + 977);
}

/** What a program that states a version looks like to a reader: strings among other bytes. */
export function program(...strings: readonly string[]): Buffer {
  const noise = Buffer.alloc(200_000, 0x90);
  return Buffer.concat([noise, ...strings.flatMap(text => [Buffer.from(`\0${text}\0`), noise])]);
}

export function distInfo(site: string, name: string, version: string): Files {
  const folder = `${site}/${name.replaceAll('-', '_')}-${version}.dist-info`;
  return { [`${folder}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\nText\n` };
}

const osRelease =
  'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n';

/** Debian with merged folders, glibc and two packages in dpkg's status. */
export const debian: Files = {
  bin: { link: 'usr/bin' },
  lib: { link: 'usr/lib' },
  'etc/os-release': { link: '../usr/lib/os-release' },
  'usr/lib/os-release': osRelease,
  'usr/lib/x86_64-linux-gnu/libc.so.6': program(
    'GNU C Library (Debian GLIBC 2.36-9+deb12u4) stable release version 2.36.',
  ),
  'var/lib/dpkg/status': [
    'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u4\nDescription: C library\n of GNU\n',
    'Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n',
    'Package: adduser\nStatus: install ok installed\nArchitecture: all\nVersion: 3.134\n',
  ].join('\n'),
};

/** CPython built into /usr/local, as the images named python have it. */
export const localPython: Files = {
  'usr/local/bin/python3': { link: 'python3.11' },
  'usr/local/bin/python3.11': program('Python'),
  'usr/local/lib/libpython3.11.so.1.0': program('3.11', '3.11.9', '3.11.9 of another string'),
  'usr/local/lib/python3.11/os.py': '',
  ...distInfo('usr/local/lib/python3.11/site-packages', 'pip', '24.0'),
};
