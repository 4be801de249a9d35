// A catalogue: described bases in a JSON file, which belongs in version control beside the descriptions that choose from
// it. It is read without a network, so a choice is a function of files alone.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Digest, digestSchema } from '../base/digest.ts';
import { CogpackError, isSystemError, messageOf } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';
import { type BaseMetadata, baseMetadataSchema } from '../base-image/metadata.ts';

export type Base = {
  /** As it was described: `registry/name:tag`, `oci:DIR`, … */
  readonly reference: string;
  /** Of its manifest. */
  readonly digest: Digest;
  readonly metadata: BaseMetadata;
};

const version = 1;
const catalogueSchema = z.strictObject({
  v: z.literal(version),
  bases: z.array(
    z.strictObject({ reference: z.string(), digest: digestSchema, metadata: baseMetadataSchema }),
  ),
});

/** In the file's order. Throws `base/catalogue`. */
export function readCatalogue(file: string): readonly Base[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw fault(
      file,
      isSystemError(error, 'ENOENT') ? 'it does not exist' : messageOf(error),
      'cogpack base catalogue FILE IMAGE… writes one',
    );
  }
  const parsed = catalogueSchema.safeParse(value);
  if (parsed.success) return parsed.data.bases;
  throw fault(file, z.prettifyError(parsed.error), 'describe its bases again with this version of cogpack');
}

/** With these bases in place of those of the same references and platforms; in the order of references. */
export function withBases(before: readonly Base[], added: readonly Base[]): readonly Base[] {
  const all = new Map(
    [...before, ...added].map(base => [`${base.reference} ${base.metadata.platform}`, base]),
  );
  return [...all].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, base]) => base);
}

export function writeCatalogue(file: string, bases: readonly Base[]): void {
  writeFileAtomic(file, `${JSON.stringify({ v: version, bases }, null, 2)}\n`);
}

function fault(file: string, what: string, hint: string): CogpackError {
  return new CogpackError('base/catalogue', `${file} is not a catalogue of bases: ${what}`, { hint });
}
