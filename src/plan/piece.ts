// What a plan is made of. A piece is what one builder makes a layer of: a package, a tree of files. A plan puts each
// piece into one layer.

export type Piece = {
  /** The block that it belongs to, `python` say. */
  readonly block: string;
  /** The same from version to version. */
  readonly name: string;
  /** Empty where there is none. */
  readonly version: string;
  /** In bytes, about; as fetched. */
  readonly size: number;
  /** Pieces of a lower stage lie below those of a higher one; of one stage, the order is free. */
  readonly stage: number;
  /** How often it changes from one build of a model to the next, of 1, where no history tells. */
  readonly rate: number;
  /** A layer of a base image: it stays as it is, and counts. */
  readonly fixed: boolean;
};

export type PlanOptions = {
  /** The most layers that the image may have. */
  readonly limit: number;
  /** As few layers as can be. */
  readonly squash: boolean;
  /** Names of pieces that get a layer of their own. */
  readonly preserve: readonly string[];
  /** By a name of the user's, the names of pieces that get a layer together. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
};

export type PlannedLayer = {
  /** Indexes into the pieces, in the order in which they are joined. */
  readonly pieces: readonly number[];
  /** In bytes, about. */
  readonly size: number;
  readonly reason: string;
};

/** What a piece is called in a history, and by a user where two blocks have a piece of one name: `python/torch`. */
export function keyOf({ block, name }: { readonly block: string; readonly name: string }): string {
  return `${block}/${name}`;
}
