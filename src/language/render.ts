// Errors as people read them: the message, the line with the place underlined, the way there, what to do.
import { styleText } from 'node:util';
import type { CogpackError, Span } from '../base/error.ts';

export type RenderOptions = {
  /** The text of a file by the name that spans have, if it can be had. */
  readonly readSource: (file: string) => string | undefined;
  readonly colour: boolean;
};

/** Text of several lines, without a line break at its end. */
export function renderError(error: CogpackError, { readSource, colour }: RenderOptions): string {
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  const lines = [`${paint(['red', 'bold'], `error[${error.code}]`)}: ${paint('bold', error.message)}`];
  if (error.span !== undefined) lines.push(...frame(error.span, readSource, paint));
  for (const { what, span } of error.trace) {
    lines.push(paint('dim', `  ${span === undefined ? what : step(what, span, readSource)}`));
  }
  if (error.hint !== undefined) lines.push(`${paint('cyan', 'help')}: ${error.hint}`);
  return lines.join('\n');
}

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

const place = ({ file, line, column }: Span): string => `${file}:${line}:${column}`;

// `in file:1:2: the text there`; `also: message` is said with its place as `also file:1:2: message`.
function step(what: string, span: Span, readSource: RenderOptions['readSource']): string {
  const colon = what.indexOf(': ');
  if (colon < 0) return `${what} ${place(span)}${snippet(span, readSource)}`;
  return `${what.slice(0, colon)} ${place(span)}${what.slice(colon)}`;
}

function frame(span: Span, readSource: RenderOptions['readSource'], paint: Paint): string[] {
  const head = `  ${paint('blue', '-->')} ${place(span)}`;
  const text = readSource(span.file)?.split('\n')[span.line - 1]?.replace(/\r$/, '');
  if (text === undefined) return [head];
  const number = String(span.line);
  const blank = ' '.repeat(number.length);
  const end = span.endLine === span.line ? span.endColumn : text.length + 1;
  const before = text.slice(0, span.column - 1).replace(/[^\t]/g, ' ');
  const mark = '^'.repeat(Math.max(1, Math.min(end, text.length + 1) - span.column));
  return [
    head,
    paint('blue', ` ${blank} |`),
    `${paint('blue', ` ${number} |`)} ${text}`,
    `${paint('blue', ` ${blank} |`)} ${before}${paint('red', mark)}`,
  ];
}

const longest = 60;

function snippet(span: Span, readSource: RenderOptions['readSource']): string {
  const text = readSource(span.file)?.split('\n')[span.line - 1];
  if (text === undefined) return '';
  const end = span.endLine === span.line ? span.endColumn - 1 : text.length;
  const part = text.slice(span.column - 1, end).trim();
  return part === '' ? '' : `: ${part.length > longest ? `${part.slice(0, longest)}…` : part}`;
}
