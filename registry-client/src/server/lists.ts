// What a repository lists: its tags, page by page (distribution-spec "Listing Tags"), and what refers to a manifest
// ("Listing Referrers").
import { mediaTypes } from '../descriptor.ts';
import { hexOf } from '../digest.ts';
import { Refusal, sendJson } from './answer.ts';
import type { Call } from './call.ts';

export async function getTags({ site, response, repository, query }: Call): Promise<void> {
  if (!(await site.folder.exists(repository))) {
    throw new Refusal(404, 'NAME_UNKNOWN', `there is no repository ${repository}`);
  }
  const count = countOf(query.get('n'));
  const last = query.get('last');
  const tags = await site.folder.list(repository, '_tags');
  const after = last === null ? tags : tags.filter(tag => tag > last);
  const page = after.slice(0, count);
  const end = page.at(-1);
  const more = end !== undefined && page.length < after.length;
  sendJson(
    response,
    { name: repository, tags: page },
    {
      'content-type': 'application/json',
      ...(more && { link: `</v2/${repository}/tags/list?n=${count}&last=${end}>; rel="next"` }),
    },
  );
}

export async function getReferrers({ site, response, repository, target, query }: Call): Promise<void> {
  const hex = hexOf(target);
  const wanted = query.get('artifactType');
  const manifests: { artifactType?: string }[] = [];
  for (const name of await site.folder.list(repository, '_referrers', hex)) {
    const text = await site.folder.read(repository, '_referrers', hex, name);
    if (text !== undefined) manifests.push(JSON.parse(text) as { artifactType?: string });
  }
  const chosen = wanted === null ? manifests : manifests.filter(each => each.artifactType === wanted);
  sendJson(
    response,
    { schemaVersion: 2, mediaType: mediaTypes.index, manifests: chosen },
    {
      'content-type': mediaTypes.index,
      ...(wanted !== null && { 'oci-filters-applied': 'artifactType' }),
    },
  );
}

function countOf(text: string | null): number {
  if (text === null) return Number.POSITIVE_INFINITY;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new Refusal(400, 'UNSUPPORTED', 'n is a number of tags');
}
