// Manifests of a repository. One is taken when it is well-formed and the repository holds all that it refers to; its
// bytes become a blob, its tag and its subject's list of referrers are written last.
import { randomUUID } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { type ManifestContent, parseManifest } from '../descriptor.ts';
import { algorithmOf, digestOf, hexOf, isDigest } from '../digest.ts';
import { Refusal, sendEmpty } from './answer.ts';
import type { Call, Site } from './call.ts';
import type { Folder } from './folder.ts';

export async function getManifest({ site, request, response, repository, target }: Call): Promise<void> {
  const digest = await digestNamed(site.folder, repository, target);
  const mediaType = await site.folder.read(repository, '_manifests', hexOf(digest));
  const bytes = mediaType === undefined ? undefined : await readBlob(site.folder, digest);
  if (mediaType === undefined || bytes === undefined) throw unknown(repository, target);
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': bytes.length,
    'docker-content-digest': digest,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

export async function putManifest({ site, request, response, repository, target }: Call): Promise<void> {
  const { folder } = site;
  const bytes = await readBody(request, site.limits.manifestBytes);
  const digest = digestOf(bytes, algorithmOf(target));
  const byDigest = isDigest(target);
  if (byDigest && target !== digest) {
    throw new Refusal(400, 'DIGEST_INVALID', `expected ${target}, the manifest is ${digest}`);
  }
  const stated = request.headers['content-type']?.split(';')[0]?.trim();
  const content = parseManifest(bytes, stated, `the manifest ${digest}`);
  await checkReferences(site, repository, content);

  await storeBlob(folder, bytes, digest);
  await folder.write(content.mediaType, repository, '_manifests', hexOf(digest));
  const { subject, artifactType, annotations } = content;
  if (subject !== undefined) {
    const { mediaType } = content;
    const descriptor = { mediaType, digest, size: bytes.length, artifactType, annotations };
    await folder.write(
      JSON.stringify(descriptor),
      repository,
      '_referrers',
      hexOf(subject.digest),
      hexOf(digest),
    );
  }
  if (!byDigest) await folder.write(digest, repository, '_tags', target);
  sendEmpty(response, 201, {
    location: `/v2/${repository}/manifests/${digest}`,
    'docker-content-digest': digest,
    ...(subject !== undefined && { 'oci-subject': subject.digest }),
  });
}

/** By a tag: the tag alone. By a digest: the manifest, its tags, and its place among referrers. */
export async function deleteManifest({ site, response, repository, target }: Call): Promise<void> {
  const { folder } = site;
  if (!isDigest(target)) {
    if (!(await folder.remove(repository, '_tags', target))) throw unknown(repository, target);
    return sendEmpty(response, 202);
  }
  const hex = hexOf(target);
  const bytes = await readBlob(folder, target);
  for (const tag of await folder.list(repository, '_tags')) {
    if ((await folder.read(repository, '_tags', tag)) === target)
      await folder.remove(repository, '_tags', tag);
  }
  if (!(await folder.remove(repository, '_manifests', hex))) throw unknown(repository, target);
  const subject = bytes && parseManifest(bytes, undefined, target).subject;
  if (subject) await folder.remove(repository, '_referrers', hexOf(subject.digest), hex);
  sendEmpty(response, 202);
}

async function digestNamed(folder: Folder, repository: string, target: string): Promise<string> {
  if (isDigest(target)) return target;
  const digest = await folder.read(repository, '_tags', target);
  if (digest !== undefined && isDigest(digest)) return digest;
  throw unknown(repository, target);
}

async function checkReferences(
  { folder }: Site,
  repository: string,
  content: ManifestContent,
): Promise<void> {
  for (const { digest, size } of content.blobs) {
    const found = await folder.blobSize(repository, digest);
    if (found === undefined) {
      throw new Refusal(404, 'MANIFEST_BLOB_UNKNOWN', `${repository} does not hold the blob ${digest}`);
    }
    if (found !== size) {
      throw new Refusal(400, 'MANIFEST_INVALID', `${digest} has ${found} bytes; the manifest says ${size}`);
    }
  }
  for (const { digest } of content.manifests) {
    if ((await folder.read(repository, '_manifests', hexOf(digest))) === undefined) {
      throw new Refusal(404, 'MANIFEST_BLOB_UNKNOWN', `${repository} does not hold the manifest ${digest}`);
    }
  }
}

async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limit) throw new Refusal(413, 'SIZE_INVALID', `a manifest may have ${limit} bytes here`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function storeBlob(folder: Folder, bytes: Buffer, digest: string): Promise<void> {
  const temporary = join(folder.uploads, `manifest-${randomUUID()}`);
  const file = await open(temporary, 'wx', 0o444);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await folder.adopt(temporary, digest, bytes.length);
}

async function readBlob(folder: Folder, digest: string): Promise<Buffer | undefined> {
  try {
    return await readFile(folder.blobPath(digest));
  } catch {
    return undefined;
  }
}

function unknown(repository: string, target: string): Refusal {
  return new Refusal(404, 'MANIFEST_UNKNOWN', `${repository} does not hold ${target}`);
}
