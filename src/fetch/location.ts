// Where fixed bytes may be found: plain data that stands in locks and descriptions and in no hash. It names a place
// inside an index or an archive, never a host, unless the user wrote the URL.
import { z } from 'zod';

export const locationSchema = z.discriminatedUnion('kind', [
  /** A file on a project's page of a Python index (Simple repository API); `index` is a URL that the user wrote. */
  z.strictObject({
    kind: z.literal('python'),
    project: z.string().min(1),
    filename: z.string().min(1),
    index: z.string().optional(),
  }),
  /** A file of a Debian archive, by its path below the archive's root. */
  z.strictObject({
    kind: z.literal('debian'),
    archive: z.string().min(1),
    filename: z.string().min(1),
  }),
  z.strictObject({ kind: z.literal('url'), url: z.string().min(1) }),
  /** A file of the project, by its path from the project's folder. */
  z.strictObject({ kind: z.literal('file'), path: z.string().min(1) }),
  /** A blob of the repository that a reference of the user's names. */
  z.strictObject({ kind: z.literal('image'), reference: z.string().min(1) }),
]);
export type Location = z.infer<typeof locationSchema>;
