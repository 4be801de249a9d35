// Renews the keys of Debian's archives: node scripts/update-debian-keys.ts [SUITE]
// They are those of the package debian-archive-keyring in that suite, whose own index is checked with the keys known
// so far (or with COGPACK_DEBIAN_KEYRING).
import { closeSync, fstatSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files.ts';
import { createNetwork, fetchVerified, readConfig } from '../src/fetch/index.ts';
import { debEntries, readDeb } from '../src/formats/deb.ts';
import { readPublicKeys } from '../src/lock/debian/openpgp.ts';
import { resolveDebian } from '../src/lock/debian.ts';
import { defaultStoreDir, openStore } from '../src/store/store.ts';

const factsFile = fileURLToPath(new URL('../stdlib/facts/debian-keys.json', import.meta.url));
const suite = process.argv[2] ?? 'trixie';
const name = 'debian-archive-keyring';
const keyring = /^usr\/share\/keyrings\/debian-archive-keyring\.(gpg|pgp)$/;

const project = process.cwd();
const signal = AbortSignal.timeout(300_000);
const config = readConfig(process.env, project);
const network = createNetwork(config);
const store = openStore(defaultStoreDir(process.env));
const request = { kind: 'debian', suite, platform: 'linux/amd64', packages: [name] } as const;
const answer = await resolveDebian(
  { ...request, packages: [name] },
  { project, config, network, store, signal },
);
const found = answer.packages.find(each => each.name === name)!;
const blob = store.createBlob();
const location = { kind: 'debian', archive: found.archive, filename: found.filename } as const;
await fetchVerified(location, found, network, blob, { signal });
const deb = blob.commit('application/octet-stream');

const keys = readPublicKeys(await keyringOf(store.blobPath(deb)));
const facts = {
  source: `Debian's package ${name} ${found.version}`,
  keys: keys.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
};
writeFileAtomic(factsFile, `${JSON.stringify(facts, null, 2)}\n`);
process.stdout.write(`${keys.length} keys of ${facts.source}\n`);

async function keyringOf(path: string): Promise<Buffer> {
  const fd = openSync(path, 'r');
  try {
    const opened = readDeb(fd, fstatSync(fd).size, name);
    for await (const { path, type, content } of debEntries(opened, opened.data)) {
      if (type !== 'file' || !keyring.test(path)) continue;
      const parts: Uint8Array[] = [];
      for await (const part of content) parts.push(part);
      return Buffer.concat(parts);
    }
  } finally {
    closeSync(fd);
  }
  throw new Error(`${name} has no file like ${keyring.source}`);
}
