// An archive's suite: its Release file (InRelease, signed by the archive's keys) states the sha256 of each Packages
// index; the index is fetched by that hash (Acquire-By-Hash), so that a mirror in the middle of an update still serves what was stated.
import { Readable } from 'node:stream';
import xz from 'xz-decompress';
import { CogpackError, messageOf } from '../../base/error.ts';
import { archiveRoots } from '../../fetch/config.ts';
import { shownUrl } from '../../fetch/credentials.ts';
import { fetchVerified, type Network } from '../../fetch/download.ts';
import { readAll } from '../../fetch/http.ts';
import { parseStanzas, type Stanza } from '../../formats/control.ts';
import { archiveKeys } from './keys.ts';
import type { PackageIndex } from './packages.ts';
import { verifiedText } from './signed.ts';

export type Suite = { readonly archive: string; readonly name: string };

const mostRelease = 16 * 2 ** 20;
const mostPackages = 2 ** 29;

/** The component main of a suite for one architecture. Throws `debian/signature`, `debian/release`, `debian/index` and as fetches do. */
export async function fetchIndex(
  suite: Suite,
  architecture: string,
  network: Network,
  signal: AbortSignal,
): Promise<PackageIndex> {
  const label = `${suite.archive} ${suite.name}`;
  const release = await fetchRelease(suite, label, network, signal);
  const architectures = (release.get('architectures') ?? '').split(' ');
  if (!architectures.includes(architecture)) {
    throw new CogpackError(
      'debian/release',
      `${label} has no packages for ${architecture}; it has ${architectures.join(', ')}`,
    );
  }
  const path = `main/binary-${architecture}/Packages.xz`;
  const stated = hashesOf(release).get(path);
  if (stated === undefined) {
    throw new CogpackError('debian/release', `the Release file of ${label} states no sha256 of ${path}`);
  }
  const folder = `dists/${suite.name}/main/binary-${architecture}`;
  const file = release.get('acquire-by-hash') === 'yes' ? `by-hash/SHA256/${stated.sha256}` : 'Packages.xz';
  const parts: Uint8Array[] = [];
  await fetchVerified(
    { kind: 'debian', archive: suite.archive, filename: `${folder}/${file}` },
    { sha256: `sha256:${stated.sha256}`, size: stated.size, name: `${label} ${path}` },
    network,
    { write: bytes => void parts.push(bytes) },
    { signal },
  );
  return { archive: suite.archive, text: await unpack(parts, label) };
}

async function fetchRelease(
  { archive, name }: Suite,
  label: string,
  { config, http }: Network,
  signal: AbortSignal,
): Promise<Stanza> {
  const { url, text } = await fetchFirst(archiveRoots(config, archive), name, label, http, signal);
  const verified = verifiedText(text, archiveKeys(config.env));
  if ('fault' in verified) {
    throw new CogpackError('debian/signature', `${shownUrl(url)} cannot be trusted: ${verified.fault}`, {
      hint: 'try another mirror; for one that signs with its own key name its keyring in COGPACK_DEBIAN_KEYRING',
    });
  }
  const release = parseStanzas(verified.text)[0];
  if (release === undefined || !release.has('sha256')) {
    throw new CogpackError('debian/release', `${shownUrl(url)} is not the InRelease file of a Debian suite`, {
      hint: 'check the mirror: below its URL lie dists/ and pool/',
    });
  }
  const names = [release.get('codename'), release.get('suite')];
  if (!names.includes(name)) {
    throw new CogpackError(
      'debian/release',
      `${shownUrl(url)} is of the suite ${names.filter(Boolean).join(', ')}; expected ${name}`,
    );
  }
  return release;
}

/** From the first of an archive's mirrors that has it. */
async function fetchFirst(
  [root, ...others]: readonly string[],
  suite: string,
  label: string,
  http: Network['http'],
  signal: AbortSignal,
): Promise<{ readonly url: URL; readonly text: string }> {
  const url = new URL(`${root}/dists/${encodeURIComponent(suite)}/InRelease`);
  const name = `${label} InRelease`;
  try {
    const bytes = await readAll(await http.get(url, { name, signal }), name, mostRelease);
    return { url, text: bytes.toString('utf8') };
  } catch (error) {
    if (others.length === 0 || !(error instanceof CogpackError)) throw error;
    return fetchFirst(others, suite, label, http, signal);
  }
}

/** The files that a Release file states, by path. */
function hashesOf(release: Stanza): Map<string, { sha256: string; size: number }> {
  const files = new Map<string, { sha256: string; size: number }>();
  for (const line of (release.get('sha256') ?? '').split('\n')) {
    const match = /^\s*([0-9a-f]{64})\s+(\d+)\s+(\S+)\s*$/.exec(line);
    if (match !== null) files.set(match[3]!, { sha256: match[1]!, size: Number(match[2]) });
  }
  return files;
}

async function unpack(parts: readonly Uint8Array[], label: string): Promise<string> {
  const unpacked: Uint8Array[] = [];
  let size = 0;
  try {
    const stream = new xz.XzReadableStream(Readable.toWeb(Readable.from(parts)) as never);
    for await (const part of stream as unknown as AsyncIterable<Uint8Array>) {
      size += part.length;
      if (size > mostPackages) throw new Error(`it unpacks to more than ${mostPackages} bytes`);
      unpacked.push(part.slice());
    }
  } catch (cause) {
    throw new CogpackError(
      'debian/index',
      `cannot unpack the Packages index of ${label}: ${messageOf(cause)}`,
      { cause },
    );
  }
  return Buffer.concat(unpacked).toString('utf8');
}
