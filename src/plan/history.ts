// Builds of the past, from which a plan learns what changes together and what models share. A file is a table of pieces,
// each `block name version size`, and the builds in their order, each with the places of its pieces in that table.
import { z } from 'zod';
import { CogpackError } from '../base/error.ts';
import type { Piece } from './piece.ts';

export type PastPiece = Pick<Piece, 'block' | 'name' | 'version' | 'size'>;
export type PastBuild = { readonly model: string; readonly pieces: readonly PastPiece[] };
/** In the order in which they were built. */
export type History = readonly PastBuild[];

const pieceLine = /^(\S+) (\S+) (\S+) (\d+)$/;

const schema = z.object({
  version: z.literal(1),
  pieces: z.array(z.string().regex(pieceLine, 'expected "block name version size"')),
  builds: z.array(
    z.object({
      model: z.string(),
      pieces: z.string().regex(/^(?:\d+(?: \d+)*)?$/, 'expected numbers with spaces between them'),
    }),
  ),
});

/** `label` names the text in errors. Throws `plan/history`. */
export function parseHistory(text: string, label: string): History {
  const fault = (what: string, cause?: unknown) =>
    new CogpackError('plan/history', `${label} is not a history of builds: ${what}`, {
      hint: 'cogpack plan history REF… writes one',
      cause,
    });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw fault('it is not JSON', error);
  }
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw fault(z.prettifyError(parsed.error));
  const table = parsed.data.pieces.map(line => parsePiece(line)!);
  return parsed.data.builds.map(({ model, pieces }) => ({
    model,
    pieces: (pieces === '' ? [] : pieces.split(' ')).map(place => {
      const piece = table[Number(place)];
      if (piece === undefined) throw fault(`a build of ${model} has piece ${place} of ${table.length}`);
      return piece;
    }),
  }));
}

/** `block name version size`, or undefined for another text. */
export function parsePiece(line: string): PastPiece | undefined {
  const [, block, name, version, size] = pieceLine.exec(line) ?? [];
  return size === undefined
    ? undefined
    : { block: block!, name: name!, version: version!, size: Number(size) };
}

/** The text of a file. A build more appends lines to it, and leaves those before as they are. */
export function formatHistory(history: History, about: Readonly<Record<string, string>> = {}): string {
  const places = new Map<string, number>();
  const placeOf = ({ block, name, version, size }: PastPiece) => {
    const line = `${block} ${name} ${version} ${size}`;
    const place = places.get(line) ?? places.size;
    places.set(line, place);
    return place;
  };
  const builds = history.map(
    ({ model, pieces }) =>
      `    {"model": ${JSON.stringify(model)}, "pieces": "${pieces.map(placeOf).join(' ')}"}`,
  );
  const head = Object.entries(about).map(
    ([name, text]) => `  ${JSON.stringify(name)}: ${JSON.stringify(text)},\n`,
  );
  const list = (lines: readonly string[]) => (lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n  ]`);
  const table = [...places.keys()].map(line => `    ${JSON.stringify(line)}`);
  return `{\n${head.join('')}  "version": 1,\n  "pieces": ${list(table)},\n  "builds": ${list(builds)}\n}\n`;
}
