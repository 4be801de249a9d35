// std: JSON and YAML text as values.
import { createRequire } from 'node:module';
import { failure } from '../failure.ts';
import { objectOf } from '../objects.ts';
import { JArray, type Value } from '../values.ts';
import { type Group, problem, string } from './define.ts';

/** Plain data as a value. */
export function fromPlain(data: unknown): Value {
  if (Array.isArray(data)) return new JArray(data.map(fromPlain));
  if (data instanceof Map)
    return objectOf([...data].map(([key, value]): [string, Value] => [String(key), fromPlain(value)]));
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

// Loaded when the first YAML is parsed: few programs do.
function parseYaml(text: string): Value {
  const { parseAllDocuments } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  const documents = parseAllDocuments(text, { schema: 'core', merge: true, version: '1.2' });
  const list = 'empty' in documents ? [] : documents;
  for (const { errors } of list) {
    if (errors[0] !== undefined)
      throw problem('parseYaml', `takes YAML: ${errors[0].message.split('\n')[0]}`);
  }
  const values = list.map(document => fromPlain(document.toJS({ mapAsMap: true })));
  // A document marker makes it a stream.
  return /^---/m.test(text) ? new JArray(values) : (values[0] ?? null);
}

export const parsers: Group = {
  parseJson: ['str', str => parseJson(string('parseJson', str))],
  parseYaml: ['str', str => parseYaml(string('parseYaml', str))],
};
