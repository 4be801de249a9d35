// std: JSON and YAML text as values.
import { createRequire } from 'node:module';
import { failure } from '../failure.ts';
import { objectOf } from '../objects.ts';
import { JArray, type Value } from '../values.ts';
import { type Group, problem, string } from './define.ts';

/** Plain data as a value. */
export function fromPlain(data: unknown): Value {
  if (Array.isArray(data)) return new JArray(data.map(fromPlain));
  if (typeof data === 'object' && data !== null) {
    return objectOf(Object.entries(data).map(([key, value]): [string, Value] => [key, fromPlain(value)]));
  }
  if (typeof data === 'bigint') return Number(data);
  if (typeof data === 'number' && !Number.isFinite(data))
    throw failure('jsonnet/number', `${data} is not a number of the language`, 0);
  return data === undefined ? null : (data as Value);
}

function parseJson(text: string): Value {
  try {
    return fromPlain(JSON.parse(text));
  } catch (error) {
    throw problem('parseJson', `takes JSON: ${(error as Error).message}`);
  }
}

// YAML 1.2 by its core schema. Tags beyond that schema say nothing of the value.
function parseYaml(text: string): Value {
  // Loaded when the first YAML is parsed: few programs do.
  const { parseAllDocuments } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  const documents = parseAllDocuments(text, {
    schema: 'core',
    merge: true,
    version: '1.2',
    resolveKnownTags: false,
    customTags: tags => [...tags, wholeFloat],
    logLevel: 'error',
  });
  const list = 'empty' in documents ? [] : documents;
  for (const { errors } of list) {
    if (errors[0] !== undefined)
      throw problem('parseYaml', `takes YAML: ${errors[0].message.split('\n')[0]}`);
  }
  const values = list.map(document => fromYaml(plainOf(document), new Set()));
  const isStream = list.length > 1 || list[0]?.directives?.docStart === true;
  return isStream ? new JArray(values) : (values[0] ?? null);
}

// A number without a point is a float as well where its tag says so.
const wholeFloat = {
  tag: 'tag:yaml.org,2002:float',
  test: /^[-+]?[0-9]+$/,
  resolve: (text: string): number => Number(text),
};

function plainOf(document: { toJS(options: { mapAsMap: true }): unknown }): unknown {
  try {
    return document.toJS({ mapAsMap: true });
  } catch (error) {
    // Aliases of aliases, which would need more memory than there is.
    throw problem('parseYaml', `takes YAML: ${(error as Error).message}`);
  }
}

// `open` holds the collections that the value is in.
function fromYaml(data: unknown, open: Set<unknown>): Value {
  if (!Array.isArray(data) && !(data instanceof Map)) return fromPlain(data);
  if (open.has(data)) throw problem('parseYaml', 'takes YAML: an anchor is used inside what it names');
  open.add(data);
  const value = Array.isArray(data)
    ? new JArray(data.map(item => fromYaml(item, open)))
    : objectOf([...data].map(([key, item]): [string, Value] => [yamlKey(key), fromYaml(item, open)]));
  open.delete(data);
  return value;
}

function yamlKey(key: unknown): string {
  if (['string', 'number', 'boolean'].includes(typeof key)) return String(key);
  const found = key === null ? 'null' : Array.isArray(key) ? 'a sequence' : 'a mapping';
  throw problem('parseYaml', `takes keys that are strings, numbers or booleans; found ${found}`);
}

export const parsers: Group = {
  parseJson: ['str', str => parseJson(string('parseJson', str))],
  parseYaml: ['str', str => parseYaml(string('parseYaml', str))],
};
