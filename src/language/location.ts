// Places in programs. Generated code names a place by a number; this table says which file and which offsets it is.
import type { Range } from '../../grammar/index.ts';
import type { Span } from '../base/error.ts';

export type SourceFile = {
  /** The name to show. */
  readonly name: string;
  readonly text: string;
  /** A file of the library: its frames are folded in traces. */
  readonly library: boolean;
};

/** A number that names a place; 0 is no place. */
export type Location = number;

const files: (SourceFile | undefined)[] = [undefined];
const starts: number[] = [0];
const ends: number[] = [0];

/** Gives a range of a file its number. */
export function locate(file: SourceFile, range: Range): Location {
  files.push(file);
  starts.push(range.start);
  return ends.push(range.end) - 1;
}

const texts = new Map<string, string>();
const libraryFiles = new Set<string>();

/** Keeps the text of a file for messages that show its lines. */
export function remember({ name, text, library }: SourceFile): void {
  texts.set(name, text);
  if (library) libraryFiles.add(name);
}

/** Whether a span is in the library, not in what a user wrote. */
export function isInLibrary(span: Span): boolean {
  return libraryFiles.has(span.file);
}

/** The text of the file that spans name so, as it was evaluated. */
export function sourceText(name: string): string | undefined {
  return texts.get(name);
}

export function fileOf(location: Location): SourceFile | undefined {
  return files[location];
}

/** The lines and columns of a place. */
export function spanOf(location: Location): Span | undefined {
  const file = files[location];
  return file && spanIn(file, starts[location]!, ends[location]!);
}

/** The lines and columns of a range of a file. */
export function spanIn(file: SourceFile, start: number, end: number): Span {
  const [line, column] = position(file.text, start);
  const [endLine, endColumn] = position(file.text, Math.max(start, end));
  return { file: file.name, line, column, endLine, endColumn };
}

function position(text: string, offset: number): [number, number] {
  let line = 1;
  let from = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
    from = at + 1;
  }
  return [line, offset - from + 1];
}
