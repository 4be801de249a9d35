// One file of a tree: read from a project by source(), or written out in a description; the tree builder's input.
import { z } from 'zod';
import { digestSchema } from './digest.ts';

const path = z.string().min(1);

export const treeEntrySchema = z.discriminatedUnion('type', [
  z.strictObject({
    path,
    type: z.literal('file'),
    executable: z.boolean(),
    sha256: digestSchema,
    size: z.number().int().nonnegative(),
  }),
  z.strictObject({ path, type: z.literal('text'), executable: z.boolean(), text: z.string() }),
  z.strictObject({ path, type: z.literal('link'), target: z.string().min(1) }),
  z.strictObject({ path, type: z.literal('folder') }),
]);
export type TreeEntry = z.infer<typeof treeEntrySchema>;
