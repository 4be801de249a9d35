// What a user says of layers, checked against the pieces that there are: which stay together, and which alone.
import { didYouMean } from '../base/did-you-mean.ts';
import { CogpackError } from '../base/error.ts';
import { keyOf, type Piece, type PlanOptions } from './piece.ts';

/** Pieces that become one layer as they are, and where that is said. */
export type Bound = {
  readonly pieces: readonly number[];
  readonly reason: string;
  readonly place: FaultPlace;
};

/** More layers than this Docker does not unpack (moby, layer/layer_store.go: maxLayerDepth). */
export const mostLayers = 125;

/** Where a fault is: a field of the options, and in it the name of a group. */
export type FaultPlace = { readonly field: 'limit' | 'preserve' | 'groups'; readonly group?: string };
export type Fail = (code: string, place: FaultPlace, message: string, hint?: string) => CogpackError;

/** Throws what `fail` makes of `plan/limit`, `plan/unknown` and `plan/twice`. */
export function boundPieces(
  pieces: readonly Piece[],
  { limit, preserve, groups }: PlanOptions,
  fail: Fail = failure,
): Bound[] {
  if (!Number.isInteger(limit) || limit < 1 || limit > mostLayers) {
    throw fail(
      'plan/limit',
      { field: 'limit' },
      `a limit is a whole number from 1 to ${mostLayers}; found ${limit}`,
    );
  }
  const taken = new Map<number, string>();
  const take = (name: string, by: string, place: FaultPlace): number[] => {
    const found = indexesOf(pieces, name);
    if (found.length === 0) {
      const near = didYouMean(name, new Set(pieces.map(piece => piece.name)));
      throw fail(
        'plan/unknown',
        place,
        `${by} names ${JSON.stringify(name)}, which is no piece of this image`,
        near === undefined ? 'cogpack plan lists the pieces' : `did you mean ${JSON.stringify(near)}?`,
      );
    }
    for (const index of found) {
      const other = taken.get(index);
      if (other !== undefined) {
        throw fail(
          'plan/twice',
          place,
          `${name} is named by ${other === by ? `${by} twice` : `both ${other} and ${by}`}`,
          'a piece is in one layer: name it once',
        );
      }
      taken.set(index, by);
    }
    return found;
  };
  const fixed = pieces.flatMap((piece, index): Bound[] => {
    if (!piece.fixed) return [];
    taken.set(index, 'the base image');
    return [{ pieces: [index], reason: 'a layer of the base image', place: { field: 'limit' } }];
  });
  const preserved = preserve.flatMap(name => {
    const place = { field: 'preserve' } as const;
    return take(name, 'preserve', place).map(
      (index): Bound => ({ pieces: [index], reason: 'preserved', place }),
    );
  });
  const grouped = Object.entries(groups).flatMap(([group, names]): Bound[] => {
    const place = { field: 'groups', group } as const;
    const found = names.flatMap(name => take(name, `the group ${group}`, place));
    return found.length === 0 ? [] : [{ pieces: found, reason: `the group ${group}`, place }];
  });
  return [...fixed, ...preserved, ...grouped];
}

function indexesOf(pieces: readonly Piece[], name: string): number[] {
  return pieces.flatMap((piece, index) => (piece.name === name || keyOf(piece) === name ? [index] : []));
}

export function failure(code: string, _place: FaultPlace, message: string, hint?: string): CogpackError {
  return new CogpackError(code, message, { hint });
}
