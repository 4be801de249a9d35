import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../src/base/canonical.ts';
import { needsOf } from '../../src/catalogue/needs.ts';
import { rankBases } from '../../src/catalogue/rank.ts';
import { compareWithGolden } from '../support/golden.ts';
import { base, twelveBases } from './bases.ts';

type Wheel = readonly [name: string, version: string, megabytes: number, tags?: string];

type Ask = {
  readonly requirements?: readonly string[];
  readonly constraints?: readonly string[];
  readonly apt?: readonly string[];
  readonly platform?: string;
  readonly wheels?: readonly Wheel[];
};

/** The requests of a model on Python 3.11, answered where `wheels` are given. */
function ask({ requirements = [], constraints = [], apt = [], platform = 'linux/amd64', wheels }: Ask) {
  const system = ['base-files', 'libc-bin', 'libgcc-s1', 'libstdc++6', 'netbase', 'python3.11', 'zlib1g'];
  const debian = { kind: 'debian', suite: 'bookworm', platform, packages: [...system, ...apt] };
  const python = {
    kind: 'python',
    python: '3.11',
    platform,
    glibc: '2.36',
    requirements: [...requirements],
    constraints: [...constraints],
  };
  const answers = new Map<string, Json>();
  if (wheels !== undefined) {
    const file = { sha256: `sha256:${'0'.repeat(64)}` };
    answers.set(canonicalJson(debian), {
      packages: ['libc6', 'python3.11', 'libpython3.11-stdlib', ...apt].map(name => ({
        ...file,
        name,
        version: '1',
        architecture: 'amd64',
        filename: `pool/${name}.deb`,
        size: 2_000_000,
        archive: 'debian',
      })),
    });
    answers.set(canonicalJson(python), {
      packages: wheels.map(([name, version, megabytes, tags = 'py3-none-any']) => ({
        ...file,
        name,
        version,
        filename: `${name}-${version}-${tags}.whl`,
        size: megabytes * 1_000_000,
      })),
    });
  }
  return needsOf(new Set([canonicalJson(debian), canonicalJson(python)]), answers);
}

function shown(question: Ask, bases = twelveBases) {
  const { fits, unfit } = rankBases(ask(question), bases);
  return {
    fits: fits.map(({ base, saved, carried }) =>
      saved === undefined
        ? base.reference
        : `${base.reference} saves ${saved / 1e6}, carries ${carried! / 1e6}`,
    ),
    unfit: unfit.flatMap(({ base, reasons }) => reasons.map(reason => `${base.reference}: ${reason}`)),
  };
}

const manylinux = 'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64';
const science: readonly Wheel[] = [
  ['numpy', '1.26.4', 18, manylinux],
  ['pandas', '2.2.3', 13, manylinux],
  ['scipy', '1.14.1', 41, manylinux],
];
const torch: readonly Wheel[] = [
  ['numpy', '1.26.4', 18, manylinux],
  ['torch', '2.4.0+cu121', 780, 'cp311-cp311-linux_x86_64'],
  ['nvidia-cublas-cu12', '12.1.3.1', 410, 'py3-none-manylinux1_x86_64'],
  ['nvidia-cuda-runtime-cu12', '12.1.105', 1, 'py3-none-manylinux1_x86_64'],
  ['nvidia-cudnn-cu12', '9.1.0.70', 664, 'py3-none-manylinux2014_x86_64'],
  ['nvidia-cufft-cu12', '11.0.2.54', 121, 'py3-none-manylinux1_x86_64'],
  ['nvidia-cusolver-cu12', '11.4.5.107', 124, 'py3-none-manylinux1_x86_64'],
  ['nvidia-cusparse-cu12', '12.1.0.106', 196, 'py3-none-manylinux1_x86_64'],
  ['nvidia-nccl-cu12', '2.20.5', 176, 'py3-none-manylinux2014_x86_64'],
];

const questions: Readonly<Record<string, Ask>> = {
  'nothing but Python': { wheels: [] },
  'science, locked': { requirements: ['numpy<2', 'scipy', 'pandas'], wheels: science },
  'science, not locked': { requirements: ['numpy<2', 'scipy', 'pandas'] },
  'science on arm64': { requirements: ['numpy<2'], platform: 'linux/arm64', wheels: science },
  'torch for CUDA 12': {
    requirements: ['torch', 'numpy<2'],
    constraints: ['torch==2.4.0+cu121'],
    wheels: torch,
  },
  'any torch, for which a newer one was chosen': {
    requirements: ['torch'],
    constraints: ['torch==2.12.0'],
    wheels: [
      ['torch', '2.12.0', 800, manylinux],
      ['nvidia-cublas', '13.0.2.14', 500, 'py3-none-manylinux_2_27_x86_64'],
      ['nvidia-cudnn-cu13', '9.13.0.50', 400, 'py3-none-manylinux_2_27_x86_64'],
    ],
  },
  'a CPU build of torch': { requirements: ['torch==2.4.0+cpu'], wheels: [['torch', '2.4.0+cpu', 190]] },
  'a wheel for a new glibc': { wheels: [['new', '1.0', 1, 'cp311-cp311-manylinux_2_36_x86_64']] },
  'a Debian package': { apt: ['libsndfile1'], wheels: [] },
};

test('twelve bases are ranked for nine descriptions, with the reasons against those that do not fit', () => {
  const found = Object.fromEntries(
    Object.entries(questions).map(([name, question]) => [name, shown(question)]),
  );
  compareWithGolden('base/ranking.json', found);
});

test('the ranking does not depend on the order of the catalogue', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...twelveBases], { minLength: twelveBases.length }),
      fc.constantFrom(...Object.values(questions)),
      (bases, question) => {
        expect(shown(question, bases)).toEqual(shown(question));
      },
    ),
    { numRuns: 60 },
  );
});

test('a base that has more of what is needed, and nothing else, is never ranked lower', () => {
  const names = science.map(([name]) => name);
  fc.assert(
    fc.property(fc.subarray(names), fc.constantFrom(...names), (some, one) => {
      const of = (reference: string, packages: readonly string[]) =>
        base(reference, {
          megabytes:
            50 + science.reduce((sum, [name, , size]) => sum + (packages.includes(name) ? size : 0), 0),
          pythons: [{ version: '3.11.9', path: '/usr/local/bin/python3.11' }],
          packages: Object.fromEntries(
            science.filter(([name]) => packages.includes(name)).map(([name, version]) => [name, version]),
          ),
        });
      const more = of('r.example/z-more:1', [...new Set([...some, one])]);
      const less = of(
        'r.example/a-less:1',
        some.filter(name => name !== one),
      );
      const { fits } = rankBases(ask({ requirements: names, wheels: science }), [less, more]);
      expect(fits[0]!.base).toBe(more);
    }),
  );
});

test('a description of several models, of none, or of one that has a base is refused', () => {
  const debian = { kind: 'debian', suite: 'bookworm', platform: 'linux/amd64', packages: ['python3.11'] };
  const python = { kind: 'python', python: '3.11', platform: 'linux/amd64', glibc: '2.36' };
  const image = { kind: 'image', reference: 'r.example/science:1', platform: 'linux/amd64' };
  const asked = (...requests: Json[]) => needsOf(new Set(requests.map(canonicalJson)), new Map());
  const refused = expect.objectContaining({ code: 'base/models' });
  expect(() => asked()).toThrow(refused);
  expect(() => asked(debian, { ...debian, suite: 'trixie', packages: ['python3.13'] })).toThrow(refused);
  expect(() =>
    asked(debian, { ...python, requirements: ['six'] }, { ...python, requirements: ['numpy'] }),
  ).toThrow(refused);
  expect(() => asked(image, debian)).toThrow(refused);
  expect(asked(debian, { ...python, requirements: ['six'] }).python).toBe('3.11');
});
