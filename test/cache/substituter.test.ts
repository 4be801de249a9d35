// What the substituter accepts and what it refuses, against a real registry.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@cogpack/registry-client';
import { startServer } from '@cogpack/registry-client/server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/base/canonical.ts';
import type { Descriptor, Digest } from '../../src/base/digest.ts';
import { makeArtifact, tagOf } from '../../src/cache/artifact.ts';
import { generateKey, type PrivateKey, publicKeyOf, signBytes } from '../../src/cache/keys.ts';
import { pushRealisations } from '../../src/cache/push.ts';
import { cacheRepository } from '../../src/cache/repository.ts';
import { signRealisation } from '../../src/cache/statement.ts';
import { openSubstituter } from '../../src/cache/substituter.ts';
import type { Derivation } from '../../src/graph/derivation.ts';
import { createGraph, type GraphBuilder } from '../../src/graph/graph.ts';
import { realise } from '../../src/graph/realise.ts';
import { findRealisation, type Outputs } from '../../src/store/realisations.ts';
import { cachesOf } from '../../src/store/remote.ts';
import { hasWhole, openStore, type Store } from '../../src/store/store.ts';
import { freePort, type RunningRegistry, startDockerRegistry } from '../registry/support/processes.ts';
import { removeDir, temporaryDir } from './users.ts';

let registry: RunningRegistry;
let dir: string;
let graph: GraphBuilder;
let mine: Store;
let theirs: Store;
let cache: string;
let warnings: string[];
let caches = 0;
const key = generateKey('team');
const client = createClient();
const signal = new AbortController().signal;

beforeAll(async () => {
  registry = await startDockerRegistry();
});
afterAll(async () => {
  client.close();
  await registry.stop();
});
beforeEach(() => {
  dir = temporaryDir();
  graph = createGraph();
  mine = openStore(join(dir, 'mine'));
  theirs = openStore(join(dir, 'theirs'));
  caches += 1;
  cache = `${registry.host}/cache-${caches}`;
  warnings = [];
});
afterEach(() => removeDir(dir));

function derivation(name: string, inputs: Digest[] = []): Digest {
  return graph.add({
    args: {},
    builder: 'tree@1',
    inputs: { needs: inputs.map(digest => ({ derivation: digest, output: 'layer' })) },
    name,
    outputs: ['layer'],
    platform: 'any',
    v: 1,
  });
}

/** Realises with builders that write their name and their inputs' texts; gives the names of what was built. */
async function build(store: Store, target: Digest, from: readonly string[] = []): Promise<string[]> {
  const built: string[] = [];
  const substituter = openSubstituter({
    store,
    caches: from,
    trusted: new Map([[key.name, publicKeyOf(key)]]),
    signal,
    warn: text => warnings.push(text),
  });
  try {
    await realise({
      graph,
      targets: [target],
      store,
      jobs: 2,
      signal,
      run: async job => {
        built.push(job.derivation.name);
        const inputs = (job.inputs.needs ?? []).map(input => store.readBlob(input.digest).toString());
        return { layer: store.writeBlob('text/plain', [job.derivation.name, ...inputs].join()) };
      },
      substituter: {
        find: substituter.find,
        bringInputs: (_, inputs) => substituter.bring(inputs),
      },
    });
  } finally {
    substituter.close();
  }
  return built;
}

const outputText = (store: Store, target: Digest) =>
  store.readBlob(findRealisation(store, target)!.layer!.digest).toString();

/** Pushes everything that the others' store holds. */
function share(derivations: readonly Digest[]) {
  return pushRealisations({
    client,
    cache: cacheRepository(cache),
    graph,
    derivations,
    store: theirs,
    key,
    open: async function* (blob) {
      yield theirs.readBlob(blob.digest as Digest);
    },
    signal,
    onProgress: () => {},
  });
}

/** Puts bytes into the cache as the realisation of a derivation. */
async function plant(target: Digest, realisation: string, blobs: readonly Descriptor[] = []): Promise<void> {
  const repository = cacheRepository(cache).reference;
  const artifact = makeArtifact(realisation, blobs);
  for (const { descriptor, bytes } of artifact.own) {
    await client.pushBlob(repository, descriptor, async function* () {
      yield bytes;
    });
  }
  for (const blob of blobs) {
    await client.pushBlob(repository, blob, async function* () {
      yield theirs.readBlob(blob.digest);
    });
  }
  await client.putManifest(repository, tagOf(target), Buffer.from(artifact.manifest), artifact.mediaType);
}

describe('a cache', () => {
  test('gives what another store has built; its blobs stay there until a builder needs them', async () => {
    const [left, right] = [derivation('left'), derivation('right')];
    const target = derivation('top', [left, right]);
    await build(theirs, target);
    expect((await share([left, right, target])).pushed).toHaveLength(3);
    expect(await build(mine, target, [cache])).toEqual([]);
    const { layer } = findRealisation(mine, target)!;
    expect(hasWhole(mine, layer!)).toBe(false);

    const next = derivation('next', [left]);
    expect(await build(mine, next, [cache])).toEqual(['next']);
    expect(outputText(mine, next)).toBe('next,left');
    expect(hasWhole(mine, findRealisation(theirs, right)!.layer!)).toBe(false);
    expect(warnings).toEqual([]);
  });

  test('is pushed to only once', async () => {
    const target = derivation('one');
    await build(theirs, target);
    await share([target]);
    expect(await share([target])).toEqual({ pushed: [], existing: [target], blobs: 0, bytes: 0 });
  });

  test('is asked before the next one', async () => {
    const target = derivation('one');
    await build(theirs, target);
    const empty = cache;
    caches += 1;
    cache = `${registry.host}/cache-${caches}`;
    await share([target]);
    expect(await build(mine, target, [empty, cache])).toEqual([]);
    expect(cachesOf(mine, findRealisation(mine, target)!.layer!)).toEqual([cache]);
  });

  test('that does not answer is told of once, and all is built', async () => {
    const target = derivation('top', [derivation('left'), derivation('right')]);
    const nobody = `127.0.0.1:${await freePort()}/cache`;
    expect(await build(mine, target, [nobody])).toHaveLength(3);
    expect(warnings).toEqual([expect.stringContaining(`going on without the cache ${nobody}`)]);
  });

  test('that has lost a blob since makes the thing be built where the blob is needed', async () => {
    const left = derivation('left');
    const target = derivation('top', [left]);
    await build(theirs, left);
    await share([left]);
    await build(mine, left, [cache]);
    const { layer } = findRealisation(mine, left)!;
    await client.deleteBlob(cacheRepository(cache).reference, layer!.digest);
    expect(await build(mine, target, [cache])).toEqual(['left', 'top']);
    expect(outputText(mine, target)).toBe('top,left');
    expect(warnings).toEqual([expect.stringContaining(layer!.digest)]);
  });

  test('that is gone when a blob is needed makes the thing be built', async () => {
    const own = await startDockerRegistry();
    cache = `${own.host}/cache`;
    const left = derivation('left');
    await build(theirs, left);
    await share([left]);
    await build(mine, left, [cache]);
    await own.stop();
    const target = derivation('top', [left]);
    expect(await build(mine, target)).toEqual(['left', 'top']);
    expect(warnings).toEqual([expect.stringContaining('going on without the cache')]);
  });

  test('that gives other bytes for a blob makes the thing be built', async () => {
    const folder = openStore(join(dir, 'registry'));
    const server = await startServer({ dir: folder.dir, host: '127.0.0.1', port: 0 });
    cache = `${new URL(server.url).host}/cache`;
    const left = derivation('left');
    await build(theirs, left);
    await share([left]);
    await build(mine, left, [cache]);
    const path = folder.blobPath(findRealisation(mine, left)!.layer!);
    rmSync(path);
    writeFileSync(path, 'evil');
    const target = derivation('top', [left]);
    expect(await build(mine, target, [cache])).toEqual(['left', 'top']);
    expect(outputText(mine, target)).toBe('top,left');
    expect(warnings).toEqual([expect.stringContaining('expected sha256:')]);
    await server.close();
  });
});

describe('a realisation is refused and the thing is built when', () => {
  const other = generateKey('stranger');
  const namesake = generateKey('team');
  type Forgery = (target: Digest, derivation: Derivation, outputs: Outputs) => string;
  const signed =
    (signer: PrivateKey): Forgery =>
    (target, what, outputs) =>
      signRealisation(target, what, outputs, signer);
  const changed = (text: string, change: (fields: Record<string, string>) => object) =>
    canonicalJson(change(JSON.parse(text) as Record<string, string>));

  const forgeries: Record<string, { make: Forgery; says: string }> = {
    'it is unsigned': {
      make: (...all) => changed(signed(key)(...all), ({ statement }) => ({ statement })),
      says: 'it is not signed',
    },
    'its signature is empty': {
      make: (...all) => changed(signed(key)(...all), fields => ({ ...fields, signature: '' })),
      says: 'its signature is not one of the trusted key team',
    },
    'its key is unknown': { make: signed(other), says: 'the key "stranger", which is not trusted' },
    'another key of the trusted name has signed it': {
      make: signed(namesake),
      says: 'its signature is not one of the trusted key team',
    },
    'the right key has signed it of another derivation': {
      make: (_, what, outputs) => signRealisation(derivation('another'), what, outputs, key),
      says: 'it is one of sha256:',
    },
    'another version of the builder has made it': {
      make: (target, what, outputs) => signRealisation(target, { ...what, builder: 'tree@2' }, outputs, key),
      says: 'it was built by tree@2',
    },
    'its outputs were changed after it was signed': {
      make: (...all) =>
        changed(signed(key)(...all), ({ statement, ...rest }) => ({
          ...rest,
          statement: statement!.replace(/sha256:[0-9a-f]{4}(?=[0-9a-f]{60}","mediaType)/, 'sha256:0000'),
        })),
      says: 'its signature is not one of the trusted key team',
    },
    'what is signed has no prefix': {
      make: (...all) =>
        changed(signed(key)(...all), ({ statement }) => ({
          key: key.name,
          signature: signBytes(key, Buffer.from(statement!)).toString('base64'),
          statement,
        })),
      says: 'its signature is not one of the trusted key team',
    },
    'it has another output': {
      make: (target, what, { layer }) => signRealisation(target, what, { image: layer! }, key),
      says: 'its outputs are image',
    },
    'a descriptor in it is malformed': {
      make: (target, what, { layer }) =>
        signRealisation(target, what, { layer: { ...layer!, size: -1 } }, key),
      says: 'not a statement about a realisation',
    },
    'what is signed is not in canonical form': {
      make: (target, what, outputs) => {
        const statement = JSON.stringify({ v: 1, derivation: target, builder: what.builder, outputs });
        const signature = signBytes(key, Buffer.from(`cogpack realisation v1\0${statement}`));
        return canonicalJson({ key: key.name, signature: signature.toString('base64'), statement });
      },
      says: 'not a statement about a realisation',
    },
    'it is not JSON': { make: () => 'nonsense', says: 'it is not signed' },
  };

  for (const [name, { make, says }] of Object.entries(forgeries)) {
    test(name, async () => {
      const target = derivation('one');
      const evil = theirs.writeBlob('text/plain', 'evil');
      await plant(target, make(target, graph.derivations.get(target)!, { layer: evil }), [evil]);
      expect(await build(mine, target, [cache])).toEqual(['one']);
      expect(outputText(mine, target)).toBe('one');
      expect(warnings).toEqual([expect.stringContaining(says)]);
    });
  }

  test('it says that it is an image and is none', async () => {
    const target = derivation('one');
    const evil = theirs.writeBlob('application/vnd.oci.image.manifest.v1+json', 'evil');
    await plant(target, signRealisation(target, graph.derivations.get(target)!, { layer: evil }, key), [
      evil,
    ]);
    expect(await build(mine, target, [cache])).toEqual(['one']);
    expect(warnings).toEqual([expect.stringContaining('is not an image manifest')]);
  });

  test('a valid one is accepted, so that the above are refused for what they say', async () => {
    const target = derivation('one');
    const good = theirs.writeBlob('text/plain', 'good');
    await plant(target, signRealisation(target, graph.derivations.get(target)!, { layer: good }, key), [
      good,
    ]);
    expect(await build(mine, target, [cache])).toEqual([]);
    expect(warnings).toEqual([]);
  });
});
