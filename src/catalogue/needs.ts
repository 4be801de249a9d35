// What a description needs of a base, out of the requests that it makes of its lock and the answers to them. Without
// answers what it asks for is known, with them all that this brings, and the bytes.
import { z } from 'zod';
import type { Json } from '../base/canonical.ts';
import { CogpackError } from '../base/error.ts';
import type { Platform } from '../gpu/facts.ts';
import { frameworkOf, parseRequirements } from '../gpu/requirement.ts';
import { higher, type Specifier } from '../gpu/versions.ts';
import { type DebianRequest, debianAnswer, debianRequest } from '../lock/debian.ts';
import type { Lock } from '../lock/lock-file.ts';
import { type PythonRequest, pythonRequest } from '../lock/python.ts';

export type Item = {
  readonly kind: 'python' | 'debian';
  /** A Python distribution's in its normal form. */
  readonly name: string;
  readonly version: string;
  /** In bytes, of the wheel or .deb. */
  readonly size: number;
};

export type Requirement = {
  readonly name: string;
  readonly specifiers: readonly Specifier[];
  /** As it was written. */
  readonly text: string;
};

export type Needs = {
  readonly platform: string;
  /** `3.11` */
  readonly python: string;
  /** Debian's, whose packages can be added. */
  readonly suite: string;
  readonly requirements: readonly Requirement[];
  /** Debian packages by name, beside those that every image has. */
  readonly apt: readonly string[];
  /** CUDA's major version, as far as a framework's build or NVIDIA's wheels tell it. */
  readonly cuda: string | undefined;
  /** What the wheels need, and one that needs it; undefined where that is nothing, or not known. */
  readonly glibc: { readonly version: string; readonly wheel: string } | undefined;
  /** All that is to be in the image; undefined when the lock does not say. */
  readonly items: readonly Item[] | undefined;
};

/** What images are given of Debian unasked (stdlib/debian.libsonnet, cog.libsonnet): a base has it by other names, or its own. */
const system =
  /^(?:base-files|ca-certificates|libc-bin|libgcc-s1|libstdc\+\+6|netbase|python3\.\d+|tini|zlib1g)$/;

const pythonAnswer = z.object({
  packages: z.array(
    z.object({ name: z.string(), version: z.string(), filename: z.string(), size: z.number() }),
  ),
});
type Wheel = z.infer<typeof pythonAnswer>['packages'][number];

/** `asked`: requests by their canonical text. Throws `base/models` when they are not those of one model without a base. */
export function needsOf(asked: ReadonlySet<string>, answers: Lock): Needs {
  const requests = [...asked].map(key => ({ request: JSON.parse(key) as unknown, answer: answers.get(key) }));
  const based = requests.find(({ request }) => baseRequest.safeParse(request).success);
  if (based !== undefined) {
    throw new CogpackError('base/models', 'the description has a base: what it needs of one is not known', {
      hint: 'take its field base out, run cogpack lock, and choose',
    });
  }
  const debian = requests.flatMap(({ request, answer }) => {
    const parsed = debianRequest.safeParse(request);
    return parsed.success ? [{ request: parsed.data, answer }] : [];
  });
  const python = requests.flatMap(({ request, answer }) => {
    const parsed = pythonRequest.safeParse(request);
    return parsed.success ? [{ request: parsed.data, answer }] : [];
  });
  const [one] = debian;
  const interpreter = one?.request.packages.find(name => /^python3\.\d+$/.test(name))?.slice('python'.length);
  if (one === undefined || interpreter === undefined) throw notOne('none');
  // Of one model: what it asks for, or its project's lock and what is asked beside that.
  const locks = python.filter(({ request }) => request.lock !== undefined).length;
  if (debian.length > 1 || locks > 1 || python.length - locks > 1) throw notOne('several');
  return join(one, python, interpreter);
}

const baseRequest = z.object({ kind: z.literal('image') });

function notOne(found: string): CogpackError {
  return new CogpackError('base/models', `a base is chosen for one model; the description has ${found}`, {
    hint: 'name a description of one model',
  });
}

type Answered<Request> = { readonly request: Request; readonly answer: Json | undefined };

function join(
  debian: Answered<DebianRequest>,
  python: readonly Answered<PythonRequest>[],
  version: string,
): Needs {
  const { platform, suite, packages } = debian.request;
  const target = { python: version, platform: platform as Platform };
  const required = python.flatMap(({ request }) => request.requirements ?? []);
  const constraints = parseRequirements(
    python.flatMap(({ request }) => request.constraints ?? []),
    target,
  );
  const wheels = python.every(({ answer }) => answer !== undefined)
    ? python.flatMap(({ answer }) => pythonAnswer.parse(answer).packages)
    : undefined;
  // A lock that the project brings is kept to: its versions are the requirements.
  const locked = python.some(({ request }) => request.lock !== undefined) ? (wheels ?? []) : [];
  const requirements = [
    ...parseRequirements([...required, ...locked.map(each => `${each.name}==${each.version}`)], target),
    // On a base with a framework, its build is taken in place of the one that was chosen without a base.
    ...constraints.filter(({ name }) => frameworkOf(name) === undefined),
  ];
  return {
    platform,
    python: version,
    suite,
    requirements: requirements.map(({ name, specifiers, text }) => ({ name, specifiers, text })),
    apt: packages.map(text => text.split('=')[0]!).filter(name => !system.test(name)),
    cuda: cudaMajor([...requirements, ...constraints], wheels ?? []),
    glibc: glibcOf(wheels ?? []),
    items: itemsOf(debian.answer, wheels),
  };
}

function itemsOf(debian: Json | undefined, wheels: readonly Wheel[] | undefined): Item[] | undefined {
  if (debian === undefined || wheels === undefined) return undefined;
  return [
    ...debianAnswer
      .parse(debian)
      .packages.map(({ name, version, size }): Item => ({ kind: 'debian', name, version, size })),
    ...wheels.map(({ name, version, size }): Item => ({ kind: 'python', name, version, size })),
  ];
}

/** Of `torch==2.4.0+cu121` or `nvidia-cuda-runtime-cu12`. */
function cudaMajor(requirements: readonly Requirement[], wheels: readonly Wheel[]): string | undefined {
  const locals = [...requirements.flatMap(each => each.specifiers), ...wheels].flatMap(
    ({ version }) => /\+cu(\d+)\d$/.exec(version)?.[1] ?? [],
  );
  const named = wheels.flatMap(({ name }) => /^nvidia-.*-cu(\d+)$/.exec(name)?.[1] ?? []);
  return locals[0] ?? named[0];
}

const manylinux: Readonly<Record<string, string>> = {
  manylinux1: '2.5',
  manylinux2010: '2.12',
  manylinux2014: '2.17',
};

/** Each wheel needs the lowest of its tags (PEP 600), all of them together the highest of these. */
function glibcOf(wheels: readonly Wheel[]): Needs['glibc'] {
  let found: Needs['glibc'];
  for (const { filename } of wheels) {
    const versions = [...filename.matchAll(/(manylinux(?:1|2010|2014))_|manylinux_(\d+)_(\d+)_/g)].map(
      ([, legacy, major, minor]) => (legacy === undefined ? `${major}.${minor}` : manylinux[legacy]!),
    );
    if (versions.length === 0) continue;
    const least = versions.reduce((a, b) => (higher(a, b) === a ? b : a));
    if (found === undefined || higher(found.version, least) !== found.version)
      found = { version: least, wheel: filename };
  }
  return found;
}
