// The packages of an archive, from its Packages indexes (repository format: wiki.debian.org/DebianRepository/Format).
// An index has some 60,000 stanzas, of which a resolution reads a few hundred: they are parsed when asked for.
import { z } from 'zod';
import { type Digest, digestOfHex } from '../../base/digest.ts';
import { CogpackError } from '../../base/error.ts';
import { parseStanzas } from '../../formats/control.ts';
import { compareMentions, firstMention, type Mention } from './mentions.ts';
import { type Alternatives, type Dependency, parseRelations } from './relations.ts';
import { compareVersions } from './version.ts';

export type Package = {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly archive: string;
  readonly filename: string;
  readonly sha256: Digest;
  readonly size: number;
  /** Pre-Depends before Depends, as apt takes them. */
  readonly depends: readonly Alternatives[];
  /** Conflicts and Breaks: none of these may be there. */
  readonly conflicts: readonly Dependency[];
  readonly provides: readonly Dependency[];
  readonly multiArch: string;
  readonly isEssential: boolean;
  /** Important or Protected: next to essential. */
  readonly isImportant: boolean;
  /** 1 (required) to 5 (extra), as apt ranks providers. */
  readonly priority: number;
};

export type PackageSet = {
  /** The newest version of a package, or undefined when there is none of this name. */
  find(name: string): Package | undefined;
  /** All versions of a package, the newest first. */
  versions(name: string): readonly Package[];
  /** Packages that provide a name, each in its newest version only; of equals apt would take the first. */
  providers(name: string): readonly Package[];
};

export type PackageIndex = { readonly archive: string; readonly text: string };

const priorities: Readonly<Record<string, number>> = {
  required: 1,
  important: 2,
  standard: 3,
  optional: 4,
  extra: 5,
};

/** The packages of several indexes. Holds their text. Throws `debian/packages` when a stanza asked for is damaged. */
export function createPackageSet(indexes: readonly PackageIndex[]): PackageSet {
  const stanzas = new Map<string, Stanza[]>();
  const providing = new Map<string, Set<string>>();
  for (const index of indexes) addStanzas(index, stanzas, providing);
  const known = new Map<string, readonly Package[]>();
  const texts = indexes.map(({ text }) => text);

  const versions = (name: string): readonly Package[] => {
    let packages = known.get(name);
    if (packages === undefined) {
      packages = (stanzas.get(name) ?? [])
        .map(parsePackage)
        .sort((a, b) => compareVersions(b.version, a.version));
      known.set(name, packages);
    }
    return packages;
  };
  return {
    versions,
    find: name => versions(name)[0],
    providers: name =>
      ranked(
        [...(providing.get(name) ?? [])].flatMap(provider => {
          const [newest] = versions(provider);
          return newest?.provides.some(provided => provided.name === name) ? [newest] : [];
        }),
        texts,
      ),
  };
}

/** As apt's CompareProviders ranks them. */
function ranked(providers: readonly Package[], texts: readonly string[]): readonly Package[] {
  if (providers.length < 2) return providers;
  const mentions = new Map<Package, Mention>();
  const mentionOf = (of: Package): Mention => {
    const mention = mentions.get(of) ?? firstMention(of.name, texts);
    mentions.set(of, mention);
    return mention;
  };
  return providers.toSorted(
    (a, b) =>
      Number(b.isEssential) - Number(a.isEssential) ||
      Number(b.isImportant) - Number(a.isImportant) ||
      a.priority - b.priority ||
      compareMentions(mentionOf(b), mentionOf(a)),
  );
}

type Stanza = { readonly archive: string; readonly text: string };

function addStanzas(
  { archive, text }: PackageIndex,
  stanzas: Map<string, Stanza[]>,
  providing: Map<string, Set<string>>,
): void {
  for (let start = 0; start < text.length; ) {
    const blank = text.indexOf('\n\n', start);
    const end = blank < 0 ? text.length : blank;
    const stanza = text.slice(start, end);
    const name = fieldOf(stanza, 'Package');
    if (name !== undefined) {
      const others = stanzas.get(name);
      if (others === undefined) stanzas.set(name, [{ archive, text: stanza }]);
      else others.push({ archive, text: stanza });
      for (const [provided] of parseRelations(fieldOf(stanza, 'Provides'))) {
        const providers = providing.get(provided!.name) ?? new Set();
        providing.set(provided!.name, providers.add(name));
      }
    }
    start = end + 2;
  }
}

/** A one-line field of a stanza, found without parsing the rest. */
function fieldOf(stanza: string, name: string): string | undefined {
  const label = `${name}: `;
  const at = stanza.startsWith(label) ? 0 : stanza.indexOf(`\n${label}`) + 1;
  if (at === 0 && !stanza.startsWith(label)) return undefined;
  const end = stanza.indexOf('\n', at);
  return stanza.slice(at + label.length, end < 0 ? undefined : end);
}

const fieldsSchema = z.object({
  package: z.string().regex(/^[a-z0-9][a-z0-9+.-]*$/),
  version: z.string().regex(/^[0-9A-Za-z.+:~-]+$/),
  architecture: z.string().regex(/^[a-z0-9-]+$/),
  filename: z.string().regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[^/\s][^\s]*\.deb$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
});

function parsePackage({ archive, text }: Stanza): Package {
  const stanza = parseStanzas(text)[0] ?? new Map<string, string>();
  const fields = fieldsSchema.safeParse(Object.fromEntries(stanza));
  if (!fields.success) {
    const wrong = fields.error.issues.map(({ path }) => path.join('.')).join(', ');
    throw new CogpackError(
      'debian/packages',
      `package ${stanza.get('package')} of the archive ${archive} has missing or wrong fields in its index: ${wrong}`,
    );
  }
  const relations = (name: string) => parseRelations(stanza.get(name));
  const { package: name, sha256, ...rest } = fields.data;
  return {
    name,
    ...rest,
    archive,
    sha256: digestOfHex(sha256),
    depends: [...relations('pre-depends'), ...relations('depends')],
    conflicts: [...relations('conflicts'), ...relations('breaks')].flat(),
    provides: relations('provides').flat(),
    multiArch: stanza.get('multi-arch') ?? 'no',
    isEssential: stanza.get('essential') === 'yes',
    isImportant: stanza.get('important') === 'yes' || stanza.get('protected') === 'yes',
    priority: priorities[stanza.get('priority') ?? ''] ?? 5,
  };
}
