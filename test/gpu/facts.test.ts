import { expect, test } from 'vitest';
import { gpuFacts } from '../../src/gpu/facts.ts';
import { compareDotted, compareReleases, parseSpecifiers } from '../../src/gpu/versions.ts';

const { cuda, torch, tensorflow, jax, nvidia } = gpuFacts();
const platforms = ['linux/amd64', 'linux/arm64'] as const;
const knownCuda = new Set(cuda.toolkits.map(row => row.cuda));

test('toolkits are in order, and so are their drivers', () => {
  for (const [at, row] of cuda.toolkits.entries()) {
    const before = cuda.toolkits[at - 1];
    if (before === undefined) continue;
    expect(compareDotted(row.cuda, before.cuda), row.cuda).toBeGreaterThan(0);
    expect(compareDotted(row.driver, before.driver), row.cuda).toBeGreaterThan(0);
    const sameMajor = row.cuda.split('.')[0] === before.cuda.split('.')[0];
    // 11.0 came before minor version compatibility, with an older driver than the others want.
    if (!sameMajor || before.cuda === '11.0') {
      expect(compareDotted(row.minimum, before.minimum), row.cuda).toBeGreaterThan(0);
    } else expect(row.minimum, row.cuda).toBe(before.minimum);
  }
});

test("a toolkit's least driver is not newer than its own, and one for each major version from 11.1 on", () => {
  const least = new Map<string, Set<string>>();
  for (const { cuda: version, driver, minimum } of cuda.toolkits) {
    expect(compareDotted(minimum, driver), version).toBeLessThanOrEqual(0);
    if (version === '11.0') continue;
    const major = version.split('.')[0]!;
    least.set(major, (least.get(major) ?? new Set()).add(minimum));
  }
  expect([...least.values()].map(each => each.size)).toEqual([1, 1, 1, 1]);
});

test('architectures are sorted, and within a major version none is lost', () => {
  for (const [at, { cuda: version, sm }] of cuda.toolkits.entries()) {
    expect(sm, version).toEqual([...new Set(sm)].sort((a, b) => a - b));
    expect(sm[0], version).toBeGreaterThanOrEqual(30);
    expect(sm.at(-1), version).toBeLessThan(130);
    const before = cuda.toolkits[at - 1];
    if (before === undefined || before.cuda.split('.')[0] !== version.split('.')[0]) continue;
    expect(
      before.sm.filter(each => !sm.includes(each)),
      version,
    ).toEqual([]);
  }
});

test('releases are in order of their versions, and dated', () => {
  for (const { releases } of [torch, tensorflow, jax]) {
    const versions = releases.map(({ version }) => version);
    expect(versions).toEqual([...versions].sort(compareReleases));
    expect(new Set(versions).size).toBe(versions.length);
    expect(releases.every(({ date }) => date > '2022' && date < '2100')).toBe(true);
  }
});

test('every Python exists, and a build is for an unbroken range of them', () => {
  const builds = [...torch.releases, ...tensorflow.releases, ...jax.releases].flatMap(release =>
    platforms.flatMap(platform => {
      const build = release[platform];
      return build === undefined ? [] : [{ version: release.version, platform, python: build.python }];
    }),
  );
  expect(builds.length).toBeGreaterThan(150);
  for (const { version, platform, python } of builds) {
    const minors = python.map(each => Number(each.split('.')[1]));
    expect(minors.length, `${version} ${platform}`).toBeGreaterThan(0);
    expect(minors[0], version).toBeGreaterThanOrEqual(7);
    expect(minors.at(-1), version).toBeLessThanOrEqual(15);
    expect(minors, `${version} ${platform}`).toEqual(minors.map((_, at) => minors[0]! + at));
  }
});

test('every CUDA that a build names is a known toolkit', () => {
  const named = [
    ...torch.releases.flatMap(release => platforms.map(platform => release[platform]?.cuda)),
    ...torch.builds.map(build => build.cuda),
    ...torch.sm.map(row => row.cuda),
    ...tensorflow.releases.flatMap(release => platforms.map(platform => release[platform]?.cuda)),
    ...tensorflow.tested.map(row => row.cuda),
    ...jax.releases.flatMap(release =>
      platforms.flatMap(platform => Object.values(release[platform]?.plugins ?? {}).map(each => each.cuda)),
    ),
  ].filter(version => version !== null && version !== undefined);
  expect(named.filter(version => !knownCuda.has(version))).toEqual([]);
});

test("what a framework has code for, its CUDA's compiler knows", () => {
  for (const { platform, cuda: version, sm, ptx, first, last } of torch.sm) {
    const toolkit = cuda.toolkits.find(row => row.cuda === version)!;
    const where = `${platform} ${version} ${first}`;
    expect(
      sm.filter(each => !toolkit.sm.includes(each)),
      where,
    ).toEqual([]);
    expect(sm, where).toEqual([...sm].sort((a, b) => a - b));
    if (ptx !== null) expect(toolkit.sm, where).toContain(ptx);
    expect(compareReleases(first, last), where).toBeLessThanOrEqual(0);
  }
});

test('the architectures of each build of torch with CUDA are known, from its wheel or from one document', () => {
  const without: string[] = [];
  for (const { version, ...release } of torch.releases) {
    for (const platform of platforms) {
      const own = release[platform];
      if (own === undefined) continue;
      if (own.cuda !== null) expect(own.sm, `${version} ${platform}`).toBeDefined();
      const others = torch.builds.filter(each => each.torch === version && each.platforms.includes(platform));
      for (const built of new Set([own, ...others].map(each => each.cuda))) {
        if (built === null) continue;
        const documented = documentedIn(version, platform, built);
        expect(documented.length, `${version} ${platform} ${built}`).toBeLessThanOrEqual(1);
        if (built !== own.cuda && documented.length === 0) without.push(`${version} ${platform} ${built}`);
      }
    }
  }
  // It is on another index alone, and no document that could be read states it.
  expect(without).toEqual(['2.11.0 linux/amd64 12.9']);
});

test("what torch's documents say of a build, its wheel says too", () => {
  let compared = 0;
  for (const { version, ...release } of torch.releases) {
    for (const platform of platforms) {
      const { cuda: built = null, sm, ptx } = release[platform] ?? {};
      for (const row of built === null ? [] : documentedIn(version, platform, built)) {
        expect({ sm, ptx }, `${version} ${platform}`).toEqual({ sm: row.sm, ptx: row.ptx });
        compared += 1;
      }
    }
  }
  expect(compared).toBeGreaterThan(25);
});

test('every release of tensorflow for amd64 and every plugin of jax says what it has code for', () => {
  const lists = [
    ...tensorflow.releases.map(release => release['linux/amd64']),
    ...jax.releases.flatMap(release =>
      platforms.flatMap(platform => Object.values(release[platform]?.plugins ?? {})),
    ),
  ].flatMap(build => (build === undefined ? [] : [build.sm]));
  expect(lists.length).toBeGreaterThan(100);
  for (const list of lists) expect(list).toEqual([...list!].sort((a, b) => a - b));
});

function documentedIn(version: string, platform: (typeof platforms)[number], built: string) {
  return torch.sm.filter(
    row =>
      row.platform === platform &&
      row.cuda === built &&
      compareReleases(row.first, version) <= 0 &&
      compareReleases(version, row.last) <= 0,
  );
}

test("builds on other indexes are of known releases, and named after their index's path", () => {
  const versions = new Set(torch.releases.map(({ version }) => version));
  for (const { torch: version, cuda: own, local, index, source } of torch.builds) {
    expect(versions).toContain(version);
    expect(local).toBe(own === null ? 'cpu' : `cu${own.replace('.', '')}`);
    expect(index).toBe(`whl/${local}`);
    expect(source.every(each => each in torch.sources)).toBe(true);
  }
  expect(torch.sm.every(({ source }) => source in torch.sources)).toBe(true);
  expect(cuda.toolkits.every(({ source }) => source.every(each => each in cuda.sources))).toBe(true);
});

test("torch's partners go up with it", () => {
  for (const name of ['torchvision', 'torchaudio'] as const) {
    const versions = torch.releases.flatMap(release => release[name] ?? []);
    expect(versions).toEqual([...versions].sort(compareReleases));
  }
});

test('wheels of NVIDIA are of the CUDA that the build states', () => {
  for (const release of torch.releases) {
    for (const platform of platforms) {
      const build = release[platform];
      if (build === undefined) continue;
      if (build.cuda === null) expect(build.wheels, release.version).toEqual({});
      const majors = Object.keys(build.wheels).flatMap(name => /-cu(\d+)$/.exec(name)?.[1] ?? []);
      expect(new Set(majors).size, release.version).toBeLessThanOrEqual(1);
      if (majors[0] !== undefined) expect(build.cuda?.split('.')[0]).toBe(majors[0]);
    }
  }
});

test('every demand on a wheel is an exact version or specifiers', () => {
  const demands = [
    ...torch.releases.flatMap(release =>
      platforms.flatMap(each => Object.entries(release[each]?.wheels ?? {})),
    ),
    ...tensorflow.releases.flatMap(release =>
      platforms.flatMap(each => Object.entries(release[each]?.wheels ?? {})),
    ),
    ...jax.releases.flatMap(release =>
      platforms.flatMap(each =>
        Object.values(release[each]?.plugins ?? {}).flatMap(({ wheels }) => Object.entries(wheels)),
      ),
    ),
  ];
  expect(demands.length).toBeGreaterThan(1000);
  const wrong = demands.filter(
    ([, demand]) => !/^\d[\w.]*$/.test(demand) && parseSpecifiers(demand) === undefined,
  );
  expect(wrong).toEqual([]);
});

test("NVIDIA's libraries have an order, and torch's demands on them are within it", () => {
  for (const library of ['cudnn', 'nccl'] as const) {
    for (const [major, { first, last }] of Object.entries(nvidia.libraries[library])) {
      expect(compareReleases(first, last), `${library} ${major}`).toBeLessThan(0);
      for (const release of torch.releases) {
        const demand = release['linux/amd64']?.wheels[`nvidia-${library}-cu${major}`];
        if (demand === undefined) continue;
        expect(compareReleases(demand, first), release.version).toBeGreaterThanOrEqual(0);
        expect(compareReleases(demand, last), release.version).toBeLessThanOrEqual(0);
      }
    }
  }
});
