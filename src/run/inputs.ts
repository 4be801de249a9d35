// What `cogpack run -i` says, as a prediction's input: `name=value`, or `name=@file` for a file as a data URL. The names are
// held against the model's schema, so that a slip is told before the model is started.
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import type { Json } from '../base/canonical.ts';
import { didYouMean } from '../base/did-you-mean.ts';
import { CogpackError } from '../base/error.ts';

type Property = { readonly type?: string; readonly allOf?: readonly { readonly $ref?: string }[] };
type Schemas = {
  readonly Input?: {
    readonly properties?: Readonly<Record<string, Property>>;
    readonly required?: readonly string[];
  };
} & Readonly<Record<string, unknown>>;

/**
 * Values that read as JSON are that, unless the OpenAPI document `schema` asks for a string; null stands for no document,
 * and then all names are taken. Throws `run/input`.
 */
export function parseInputs(pairs: readonly string[], schema: Json): Record<string, Json> {
  const schemas = (schema as { components?: { schemas?: Schemas } } | null)?.components?.schemas ?? {};
  const known = schemas.Input && (schemas.Input.properties ?? {});
  const input: Record<string, Json> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at <= 0) {
      throw new CogpackError('run/input', `an input is name=value; found ${JSON.stringify(pair)}`, {
        hint: 'for example: -i text=hello -i image=@cat.png',
      });
    }
    const name = pair.slice(0, at);
    if (Object.hasOwn(input, name)) throw new CogpackError('run/input', `the input ${name} is there twice`);
    const property = known && Object.hasOwn(known, name) ? known[name] : undefined;
    if (known !== undefined && property === undefined) throw unknownInput(name, Object.keys(known));
    input[name] = inputValue(pair.slice(at + 1), property && typeOf(property, schemas));
  }
  const missing = (schemas.Input?.required ?? []).filter(name => !Object.hasOwn(input, name));
  if (missing.length === 0) return input;
  throw new CogpackError('run/input', `the model needs the input ${missing.join(', ')}`, {
    hint: `add ${missing.map(name => `-i ${name}=…`).join(' ')}`,
  });
}

function unknownInput(name: string, known: readonly string[]): CogpackError {
  const near = didYouMean(name, known);
  return new CogpackError('run/input', `the model has no input ${name}`, {
    hint: near !== undefined ? `did you mean ${near}?` : `it has ${known.join(', ') || 'none'}`,
  });
}

/** Choices are components of their own, to which the property refers. */
function typeOf({ type, allOf }: Property, schemas: Schemas): string | undefined {
  const name = allOf?.[0]?.$ref?.split('/').at(-1);
  return type ?? (name === undefined ? undefined : (schemas[name] as Property | undefined)?.type);
}

function inputValue(text: string, type: string | undefined): Json {
  if (text.startsWith('@')) return dataUrl(text.slice(1));
  if (type === 'string') return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

const mediaTypes: Readonly<Record<string, string>> = {
  '.gif': 'image/gif',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.png': 'image/png',
  '.txt': 'text/plain',
  '.wav': 'audio/wav',
  '.webp': 'image/webp',
};

function dataUrl(file: string): string {
  try {
    const type = mediaTypes[extname(file).toLowerCase()] ?? 'application/octet-stream';
    return `data:${type};base64,${readFileSync(file).toString('base64')}`;
  } catch (cause) {
    throw new CogpackError('run/input', `${basename(file)} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
