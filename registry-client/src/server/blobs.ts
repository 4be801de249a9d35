// Blobs of a repository: read whole or in a range, and removed from it (their bytes stay for other repositories).
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { hexOf } from '../digest.ts';
import { Refusal, sendEmpty } from './answer.ts';
import type { Call } from './call.ts';

const readBytes = 256 << 10;

export async function getBlob({ site, request, response, repository, target }: Call): Promise<void> {
  const size = await site.folder.blobSize(repository, target);
  if (size === undefined) throw new Refusal(404, 'BLOB_UNKNOWN', `${repository} does not hold ${target}`);
  const range = rangeOf(request.headers.range, size);
  const { start, end } = range ?? { start: 0, end: size - 1 };
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': end - start + 1,
    'docker-content-digest': target,
    'accept-ranges': 'bytes',
    ...(range !== undefined && { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  if (request.method === 'HEAD' || end < start) {
    response.end();
    return;
  }
  await pipeline(
    createReadStream(site.folder.blobPath(target), { start, end, highWaterMark: readBytes }),
    response,
  );
}

export async function deleteBlob({ site, response, repository, target }: Call): Promise<void> {
  if (!(await site.folder.remove(repository, '_blobs', hexOf(target)))) {
    throw new Refusal(404, 'BLOB_UNKNOWN', `${repository} does not hold ${target}`);
  }
  sendEmpty(response, 202);
}

/** One range of RFC 9110 §14.2; several, or what is no range of bytes, count as none. */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=([0-9]*)-([0-9]*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(size - Number(match[2]), 0) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (start <= end) return { start, end };
  throw new Refusal(416, 'SIZE_INVALID', `the blob has ${size} bytes`, {
    'content-range': `bytes */${size}`,
  });
}
