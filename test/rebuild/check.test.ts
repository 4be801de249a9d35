// realise --check, on copies of a store in which something was changed.
import { chmodSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/base/canonical.ts';
import { type Descriptor, sha256 } from '../../src/base/digest.ts';
import { layerMediaType } from '../../src/builders/builder.ts';
import type { Finding } from '../../src/rebuild/check.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createUser, removeDir, temporaryDir, type User } from '../cache/users.ts';

let dir: string;
let user: User;
let copies = 0;
beforeAll(async () => {
  dir = temporaryDir();
  user = createUser(dir, 'anna');
  await user.json(['realise', user.description]);
});
afterAll(() => removeDir(dir));

function copyOfStore(): Store {
  copies += 1;
  const copy = join(dir, `store-${copies}`);
  cpSync(user.store, copy, { recursive: true });
  return openStore(copy);
}

/** The output of the source whose files are under `prefix`. */
function layerOf(store: Store, prefix: string): Descriptor {
  const layers = records(store).flatMap(({ outputs }) => Object.values(outputs));
  return layers.find(
    layer =>
      layer.mediaType === layerMediaType &&
      gunzipSync(store.readBlob(layer.digest)).toString('latin1').startsWith(prefix),
  )!;
}

function records(store: Store): { path: string; outputs: Record<string, Descriptor> }[] {
  const folder = join(store.dir, 'cogpack/realisations');
  return readdirSync(folder).map(name => ({
    path: join(folder, name),
    outputs: JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, Descriptor>,
  }));
}

/** Makes the store say that a builder gave other bytes. */
function replaceOutput(store: Store, layer: Descriptor, change: (tar: Buffer) => void): void {
  const tar = gunzipSync(store.readBlob(layer.digest));
  change(tar);
  const changed = {
    ...store.writeBlob(layer.mediaType, gzipSync(tar)),
    annotations: { 'containerd.io/uncompressed': sha256(tar) },
  };
  for (const { path, outputs } of records(store)) {
    if (Object.values(outputs).some(output => output.digest === layer.digest)) {
      writeFileSync(path, canonicalJson({ layer: changed }));
    }
  }
}

async function check(store: Store, args: readonly string[] = []) {
  const finished = await user.cogpack([
    'realise',
    user.description,
    '--store',
    store.dir,
    '--check',
    '--json',
    ...args,
  ]);
  expect(readdirSync(join(store.dir, 'cogpack/tmp'))).toEqual([]);
  expect(finished.stderr).toBe('');
  return {
    code: finished.code,
    ...(JSON.parse(finished.stdout) as { checked: number; findings: Finding[] }),
  };
}

describe('realise --check', () => {
  test('finds nothing where every byte is as the builders make it', async () => {
    expect(await check(copyOfStore())).toEqual({ code: 0, checked: 5, skipped: 0, findings: [] });
    const { code, stdout } = await user.cogpack([
      'realise',
      user.description,
      '--check',
      '--check-name',
      'joined',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1 checked; 0 differ\n' });
  });

  test('names the file and the byte where a builder gave other bytes, then what was made of it', async () => {
    const store = copyOfStore();
    replaceOutput(store, layerOf(store, 'c/'), tar => {
      tar.write('X', tar.indexOf('c\nc\nc\n') + 100);
    });
    const { code, findings } = await check(store);
    expect(code).toBe(1);
    expect(findings).toHaveLength(2);
    expect(findings[0]).toMatchObject({ name: 'source', output: 'layer' });
    expect(findings[0]!.problem).toContain(
      'differs in c/file.txt, content, byte 100: 0x58 (X), rebuilt 0x63 (c)',
    );
    expect(findings[1]).toMatchObject({ name: 'image', output: 'image' });
    expect(findings[1]!.problem).toContain('its config differs in $.rootfs.diff_ids[1]: "sha256:');
  });

  test('names the header that no longer is one', async () => {
    const store = copyOfStore();
    replaceOutput(store, layerOf(store, 'c/'), tar => {
      tar.write('7', tar.indexOf('c/version.txt') + 105);
    });
    const { findings } = await check(store);
    expect(findings[0]!.problem).toContain(
      'what is no sound tar archive, where the rebuilt one has c/version.txt, header, byte 105 (mode): 0x37 (7), rebuilt 0x34 (4)',
    );
  });

  test('finds bytes that were damaged in the store, and builds the rest from what is right', async () => {
    const store = copyOfStore();
    const layer = layerOf(store, 'a/');
    const path = store.blobPath(layer);
    const bytes = readFileSync(path);
    bytes[bytes.length - 30]! ^= 1;
    chmodSync(path, 0o644);
    writeFileSync(path, bytes);
    const { code, findings } = await check(store);
    expect(code).toBe(1);
    expect(findings).toHaveLength(1);
    expect(findings[0]!.problem).toMatch(/^differs in .*\(of the blob, byte \d+: 0x/);
  });

  test('tells of one thing alone when asked to, and proposes the nearest name', async () => {
    const store = copyOfStore();
    replaceOutput(store, layerOf(store, 'c/'), tar => {
      tar.write('X', tar.indexOf('c\nc\nc\n'));
    });
    expect(await check(store, ['--check-name', 'joined'])).toMatchObject({
      code: 0,
      checked: 1,
      findings: [],
    });
    const wrong = await user.cogpack(['realise', user.description, '--check', '--check-name', 'jioned']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('did you mean joined?');
  });

  test('hashes again what was fetched', async () => {
    writeFileSync(join(dir, 'data.bin'), 'data');
    const description = join(dir, 'fetch.jsonnet');
    writeFileSync(
      description,
      `local cog = import 'cogpack';
       cog.derivation({
         name: 'data.bin',
         builder: 'fetch',
         args: { sha256: '${sha256('data')}', size: 4 },
         location: { kind: 'file', path: 'data.bin' },
       })`,
    );
    const store = openStore(join(dir, 'fetched'));
    const args = ['realise', description, '--store', store.dir];
    expect((await user.cogpack([...args, '--offline'])).code).toBe(0);
    expect((await user.cogpack([...args, '--check'])).stdout).toBe('1 checked; 0 differ\n');
    const path = store.blobPath({ digest: sha256('data') });
    chmodSync(path, 0o644);
    writeFileSync(path, 'dada');
    const { code, stdout } = await user.cogpack([...args, '--check']);
    expect(code).toBe(1);
    expect(stdout).toBe(
      `data.bin (file): was ${sha256('data')}; its bytes are ${sha256('dada')}\n1 checked; 1 differ\n`,
    );
  });
});
