// Uploads as requests (distribution-spec "Pushing blobs"): begun, or done at once, or mounted from another repository; gone
// on with in chunks; finished with a digest.

import { hexOf, isDigest } from '../digest.ts';
import { repositoryPattern } from '../reference.ts';
import { Refusal, sendEmpty } from './answer.ts';
import { type Call, checkDigest } from './call.ts';
import { type Range, rangeHeader } from './uploads.ts';

export async function beginUpload(call: Call): Promise<void> {
  const { site, request, response, repository, query } = call;
  const mount = query.get('mount');
  const from = query.get('from');
  if (mount !== null && from !== null && isDigest(mount) && repositoryPattern.test(from)) {
    if ((await site.folder.blobSize(from, mount)) !== undefined) return created(call, mount);
  }
  const digest = query.get('digest');
  if (digest !== null) checkDigest(digest);
  const id = await site.uploads.begin(repository);
  if (digest === null) {
    return sendEmpty(response, 202, {
      ...locationOf(repository, id),
      ...rangeHeader(0),
      'docker-upload-uuid': id,
    });
  }
  await site.uploads.append(repository, id, request, undefined);
  await site.uploads.finish(repository, id, digest);
  await created(call, digest);
}

export async function statusOfUpload({ site, response, repository, target }: Call): Promise<void> {
  const size = await site.uploads.size(repository, target);
  sendEmpty(response, 204, {
    ...locationOf(repository, target),
    ...rangeHeader(size),
    'docker-upload-uuid': target,
  });
}

export async function patchUpload({ site, request, response, repository, target }: Call): Promise<void> {
  const size = await site.uploads.append(
    repository,
    target,
    request,
    rangeOf(request.headers['content-range']),
  );
  sendEmpty(response, 202, {
    ...locationOf(repository, target),
    ...rangeHeader(size),
    'docker-upload-uuid': target,
  });
}

export async function finishUpload(call: Call): Promise<void> {
  const { site, request, repository, target, query } = call;
  const digest = query.get('digest') ?? '';
  checkDigest(digest);
  await site.uploads.append(repository, target, request, rangeOf(request.headers['content-range']));
  await site.uploads.finish(repository, target, digest);
  await created(call, digest);
}

export async function cancelUpload({ site, response, repository, target }: Call): Promise<void> {
  await site.uploads.cancel(repository, target);
  sendEmpty(response, 204);
}

async function created({ site, response, repository }: Call, digest: string): Promise<void> {
  await site.folder.write('', repository, '_blobs', hexOf(digest));
  sendEmpty(response, 201, {
    location: `/v2/${repository}/blobs/${digest}`,
    'docker-content-digest': digest,
  });
}

function locationOf(repository: string, id: string): { location: string } {
  return { location: `/v2/${repository}/blobs/uploads/${id}` };
}

// The specification's Content-Range of a chunk has no unit: <start>-<end>, end included.
function rangeOf(header: string | undefined): Range | undefined {
  if (header === undefined) return undefined;
  const match = /^(?:bytes[ =])?([0-9]+)-([0-9]+)(?:\/.*)?$/.exec(header);
  const range = match && { start: Number(match[1]), end: Number(match[2]) };
  if (range !== null && range.end >= range.start) return range;
  throw new Refusal(416, 'BLOB_UPLOAD_INVALID', 'Content-Range is <first byte>-<last byte>');
}
