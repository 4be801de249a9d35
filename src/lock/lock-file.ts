// cogpack.lock: {version, answers: [{request, answer}]}, as JSON laid out for people and diffs: answers in the order of
// their requests' canonical text, one line for each package. It holds names, versions, sizes and sha256, and no host
// but those that the user wrote.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { CogpackError, isSystemError, messageOf } from '../base/error.ts';
import { writeFileAtomic } from '../base/files.ts';

/** Answers by the canonical text of their requests. */
export type Lock = ReadonlyMap<string, Json>;

const version = 1;
// JSON.parse has made it: anything but a member that is not there.
const json = z.custom<Json>(value => value !== undefined);
const lockSchema = z.strictObject({
  version: z.literal(version),
  answers: z.array(z.strictObject({ request: json, answer: json })),
});

/** The key of a request in a lock. */
export function requestKey(request: Json): string {
  return canonicalJson(request);
}

/** Reads a lock; a file that is not there is an empty one. Throws `lock/format`. */
export function readLock(file: string): Lock {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return new Map();
    throw error;
  }
  const { answers } = parseLock(text, file);
  return new Map(answers.map(({ request, answer }) => [requestKey(request), answer]));
}

function parseLock(text: string, file: string): z.infer<typeof lockSchema> {
  const fault = (what: string, cause: unknown) =>
    new CogpackError('lock/format', `${file} is not a lock of version ${version}: ${what}`, {
      hint: 'take it back from version control, or delete it and run: cogpack lock',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault(
      /^(<<<<<<<|>>>>>>>)/m.test(text) ? 'it has conflict markers of a merge' : messageOf(error),
      error,
    );
  }
  const parsed = lockSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw fault(z.prettifyError(parsed.error), parsed.error);
}

/** Writes a lock as one step; a file that would stay as it is, is left alone. */
export function writeLock(file: string, answers: Lock): void {
  const text = lockText(answers);
  if (isSame(file, text)) return;
  writeFileAtomic(file, text);
}

function isSame(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') === text;
  } catch {
    return false;
  }
}

/** The text of a lock; the same answers always give the same text. */
export function lockText(answers: Lock): string {
  const sorted = [...answers].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const lock = {
    version,
    answers: sorted.map(([key, answer]) => ({ request: JSON.parse(key) as Json, answer })),
  };
  return `${layOut(lock, '')}\n`;
}

// An object without arrays in it stands on one line; others, and arrays, have a line for each member.
function layOut(value: Json, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members: [string, Json][] = Array.isArray(value)
    ? value.map(item => ['', item])
    : Object.entries(value)
        .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
        .map(([name, item]) => [`${JSON.stringify(name)}: `, item]);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (members.length === 0) return open + close;
  if (!hasArray(value)) return `{ ${members.map(([name, item]) => name + layOut(item, '')).join(', ')} }`;
  const inner = `${indent}  `;
  const lines = members.map(([name, item]) => inner + name + layOut(item, inner));
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

function hasArray(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.values(value).some(hasArray);
}

// What a person looks for stands first.
const leading: readonly string[] = ['kind', 'name', 'version', 'request'];

function rank(field: string): number {
  const at = leading.indexOf(field);
  return at < 0 ? leading.length : at;
}
