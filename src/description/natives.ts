// The native functions on which the stdlib rests: derivation, source, lock, and the small ones that checks need.
// Each turns values of the language into the graph's data, and its errors carry the span of the caller.
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Json } from '../base/canonical.ts';
import { didYouMean } from '../base/did-you-mean.ts';
import type { Digest } from '../base/digest.ts';
import { CogpackError, isSystemError, type Span } from '../base/error.ts';
import { builderNames, outputsOf, versionedName } from '../builders/registry.ts';
import type { GraphBuilder, Origin } from '../graph/graph.ts';
import { askedPackages } from '../inputs/packages.ts';
import {
  callFunction,
  elements,
  fieldNames,
  fieldSpan,
  fromHost,
  getField,
  hasField,
  isInLibrary,
  type Native,
  opaque,
  opaquePayload,
  toHost,
  typeOf,
  type Value,
} from '../language/index.ts';
import type { History } from '../plan/history.ts';
import type { StatCache } from '../source/stat-cache.ts';
import { readTree } from '../source/tree.ts';
import type { Answers } from './answers.ts';
import { type Contract, checkContract } from './contract.ts';
import { formats } from './formats.ts';
import { gpu } from './gpu.ts';
import { orderBlocks } from './order.ts';
import { type PlanContext, plan } from './plan.ts';
import type { SchemaRequest, Schemas, SourceRequest } from './schemas.ts';

/** What an opaque `derivation` value holds: one output of a derivation. */
export type DerivationValue = { readonly digest: Digest; readonly name: string; readonly output: string };

export type DescriptionContext = {
  readonly graph: GraphBuilder;
  readonly answers: Answers;
  readonly schemas: Schemas;
  /** The project's folder, absolute: sources and files are inside it. */
  readonly project: string;
  readonly statCache: (root: string) => StatCache;
  /** In place of those that the description names. */
  readonly histories?: readonly History[] | undefined;
};

export const missingAnswers = 'lock/missing';

/** The natives by name, for `std.native`. */
export function createNatives(context: DescriptionContext): Record<string, Native> {
  return {
    derivation: { params: ['args'], call: ([args], { span }) => derivation(context, args!, span) },
    source: {
      params: ['path', 'options'],
      call: ([path, options], { span }) => source(context, path!, options!, span),
    },
    output: {
      params: ['derivation', 'name'],
      call: ([value, name]) => outputOf(context, value!, toHost(name!) as string),
    },
    lock: { params: ['requests'], call: ([requests], { span }) => lock(context, requests!, span) },
    check: {
      params: ['contract', 'value', 'name'],
      call([contract, value, name], { span }) {
        checkContract(toHost(contract!) as unknown as Contract, value!, toHost(name!) as string, span);
        return fromHost(true);
      },
    },
    schema: { params: ['request'], call: ([request], { span }) => schema(context, request!, span) },
    at: {
      params: ['object', 'field', 'compute'],
      call: ([object, field, compute]) => at(object!, toHost(field!) as string, compute!),
    },
    order: { params: ['blocks'], call: ([blocks], { span }) => order(blocks!, span) },
    gpu: {
      params: ['model', 'question'],
      call: ([model, question], { span }) =>
        gpu(model!, question!, sources => readSource(context, { gpuUse: sources }, span), span),
    },
    plan: {
      params: ['model', 'pieces'],
      call: ([model, pieces], { span }) => plan(planContext(context), model!, pieces!, span),
    },
    packages: { params: ['path'], call: ([path], { span }) => packages(context, path!, span) },
    readText: { params: ['path'], call: ([path], { span }) => readText(context, path!, span) },
    exists: {
      params: ['path'],
      call: ([path], { span }) => fromHost(readIfThere(insideProject(context, path!, span)) !== undefined),
    },
  };
}

/** The output that an opaque derivation value names, or undefined for another value. */
export function derivationPayload(value: Value): DerivationValue | undefined {
  return typeOf(value) === 'derivation' ? (opaquePayload(value, 'derivation') as DerivationValue) : undefined;
}

const derivationFields = ['name', 'builder', 'platform', 'args', 'inputs', 'location'];

function derivation(context: DescriptionContext, args: Value, span: Span | undefined): Value {
  const wrong = (field: string, expected: string) =>
    new CogpackError('description/derivation', `derivation: ${field} is ${expected}`, {
      span: (typeOf(args) === 'object' ? fieldSpan(args, field) : undefined) ?? span,
    });
  if (typeOf(args) !== 'object') throw wrong('its argument', 'an object');
  for (const name of fieldNames(args)) {
    if (!derivationFields.includes(name))
      throw wrong(name, `not a field; there are ${derivationFields.join(', ')}`);
  }
  const text = (field: string, otherwise?: string): string => {
    if (!hasField(args, field) && otherwise !== undefined) return otherwise;
    if (!hasField(args, field) || typeOf(getField(args, field)) !== 'string') throw wrong(field, 'a string');
    return toHost(getField(args, field)) as string;
  };
  const builder = text('builder');
  const versioned = versionedName(builder);
  if (versioned === undefined) {
    const near = didYouMean(builder, builderNames);
    throw wrong(
      'builder',
      `one of ${builderNames.join(', ')}; found "${builder}"${near ? ` (did you mean "${near}"?)` : ''}`,
    );
  }
  const platform = text('platform', 'any');
  if (platform !== 'any' && formats.platform!(platform) !== undefined) {
    throw wrong(
      'platform',
      `"any", ${formats.platform!('')!.expected.replace('one of ', '')}; found "${platform}"`,
    );
  }
  const outputs = outputsOf(builder);
  const name = text('name', builder);
  const location = hasField(args, 'location') ? (toHost(getField(args, 'location')) as Json) : undefined;
  const digest = context.graph.add(
    {
      args: (hasField(args, 'args') ? toHost(getField(args, 'args')) : {}) as Record<string, Json>,
      builder: versioned,
      inputs: hasField(args, 'inputs') ? inputsOf(getField(args, 'inputs'), wrong) : {},
      // The hash of fixed bytes covers nothing but them: what a file is called is shown, not hashed.
      name: builder === 'fetch' ? 'fetch' : name,
      outputs: [...outputs],
      platform,
      v: 1,
    },
    { label: name, ...(location !== undefined && { location }) },
  );
  return derivationValue({ digest, name, output: outputs[0]! });
}

function inputsOf(inputs: Value, wrong: (field: string, expected: string) => CogpackError) {
  if (typeOf(inputs) !== 'object') throw wrong('inputs', 'an object of arrays of derivations');
  return Object.fromEntries(
    fieldNames(inputs).map(role => {
      const value = getField(inputs, role);
      const list = typeOf(value) === 'array' ? elements(value) : [value];
      const payloads = list.map(item => {
        const payload = derivationPayload(item);
        if (payload === undefined)
          throw wrong('inputs', `made of derivations; ${role} holds a value of type ${typeOf(item)}`);
        return { derivation: payload.digest, output: payload.output };
      });
      return [role, payloads];
    }),
  );
}

/** The derivation with another of its outputs meant, or null when it has none of that name. */
function outputOf(context: DescriptionContext, value: Value, output: string): Value {
  const payload = derivationPayload(value);
  const outputs = payload && context.graph.derivations.get(payload.digest)?.outputs;
  return payload && outputs?.includes(output) ? derivationValue({ ...payload, output }) : fromHost(null);
}

function derivationValue(payload: DerivationValue): Value {
  return opaque('derivation', payload);
}

function source(context: DescriptionContext, path: Value, options: Value, span: Span | undefined): Value {
  const root = insideProject(context, path, span);
  const {
    prefix = '/',
    exclude = [],
    name = 'source',
  } = toHost(options) as {
    prefix?: string;
    exclude?: string[];
    name?: string;
  };
  const entries = atSpan(span, () => readTree(root, { exclude }, context.statCache(root)));
  const origin: Origin = { root };
  const digest = context.graph.add(
    {
      args: { entries: entries as unknown as Json, prefix },
      builder: versionedName('tree')!,
      inputs: {},
      name,
      outputs: [...outputsOf('tree')],
      platform: 'any',
      v: 1,
    },
    origin,
  );
  return derivationValue({ digest, name, output: outputsOf('tree')[0]! });
}

// Takes all of a model's requests at once, so that one run can name every one that has no answer.
function lock(context: DescriptionContext, requests: Value, span: Span | undefined): Value {
  const wanted = toHost(requests) as Record<string, Json>;
  const found: Record<string, Json> = {};
  for (const [name, request] of Object.entries(wanted)) {
    const answer = context.answers.find(request);
    if (answer !== undefined) found[name] = answer;
  }
  if (Object.keys(found).length === Object.keys(wanted).length) return fromHost(found);
  throw new CogpackError(missingAnswers, 'the lock has no answer to what this description asks', { span });
}

function schema(context: DescriptionContext, request: Value, span: Span | undefined): Value {
  return fromHost(readSource(context, toHost(request) as SchemaRequest, span));
}

function readSource({ schemas }: DescriptionContext, request: SourceRequest, span: Span | undefined): Json {
  const found = schemas.find(request);
  if (found !== undefined) return found;
  throw new CogpackError(missingAnswers, "the project's Python files are not read yet", { span });
}

// Computes a value; what fails inside the library is told at the field that the user wrote.
function at(object: Value, field: string, compute: Value): Value {
  try {
    return callFunction(compute, []);
  } catch (error) {
    const span = fieldSpan(object, field);
    const placed = error instanceof CogpackError && error.span !== undefined && !isInLibrary(error.span);
    if (!(error instanceof CogpackError) || placed || span === undefined) throw error;
    throw new CogpackError(error.code, error.message, { span, hint: error.hint, cause: error });
  }
}

function order(blocks: Value, span: Span | undefined): Value {
  const list = fieldNames(blocks).map(name => {
    const block = getField(blocks, name);
    const strings = (field: string) =>
      hasField(block, field) ? (toHost(getField(block, field)) as string[]) : [];
    return { name, provides: strings('provides'), needs: strings('needs') };
  });
  const result = orderBlocks(list);
  if (!('kind' in result)) return fromHost(result);
  const at = (name: string) => fieldSpan(blocks, name) ?? span;
  switch (result.kind) {
    case 'cycle':
      throw new CogpackError(
        'description/block-cycle',
        `blocks need each other: ${result.blocks.join(' → ')}`,
        {
          span: at(result.blocks[0]!),
          hint: 'take one of these out of the needs of the block before it',
        },
      );
    case 'missing':
      throw new CogpackError(
        'description/block-need',
        `block ${result.block} needs "${result.need}", which no block provides`,
        {
          span: at(result.block),
          hint: `add a block that provides "${result.need}", or take it out of needs`,
        },
      );
    case 'twice':
      throw new CogpackError(
        'description/block-provides',
        `"${result.provides}" is provided by both ${result.blocks.join(' and ')}`,
        {
          span: at(result.blocks[1]),
          hint: 'remove one of the blocks, or what it provides',
        },
      );
  }
}

// What a requirements file, or a lock that the project brings, asks of the lock.
function packages(context: DescriptionContext, path: Value, span: Span | undefined): Value {
  const file = insideProject(context, path, span);
  const read = (name: string) => {
    const bytes = bytesIfThere(join(context.project, name));
    if (bytes !== undefined) return bytes;
    throw notThere(name, context.project, span);
  };
  return fromHost(
    atSpan(span, () =>
      askedPackages(context.project, relative(context.project, file), read),
    ) as unknown as Json,
  );
}

function readText(context: DescriptionContext, path: Value, span: Span | undefined): Value {
  return fromHost(textOf(context, path, span));
}

function textOf(context: DescriptionContext, path: Value, span: Span | undefined): string {
  const file = insideProject(context, path, span);
  const text = readIfThere(file);
  if (text !== undefined) return text;
  throw notThere(relative(context.project, file), context.project, span);
}

function planContext(context: DescriptionContext): PlanContext {
  return {
    graph: context.graph,
    histories: context.histories,
    readText: (path, span) => textOf(context, fromHost(path), span),
    layerOf: piece => derivationPayload(getField(piece, 'layer'))?.digest,
  };
}

function notThere(path: string, project: string, span: Span | undefined): CogpackError {
  return new CogpackError('description/file', `${path} does not exist in the project`, {
    span,
    hint: `make the file, or name another; the project is ${project}`,
  });
}

function readIfThere(file: string): string | undefined {
  return bytesIfThere(file)?.toString('utf8');
}

function bytesIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined;
    throw error;
  }
}

function insideProject(context: DescriptionContext, path: Value, span: Span | undefined): string {
  const text = toHost(path);
  const file = resolve(context.project, typeof text === 'string' ? text : '');
  const inside = file === context.project || file.startsWith(join(context.project, '/'));
  if (typeof text === 'string' && inside) return file;
  throw new CogpackError(
    'description/path',
    `a path inside the project is expected; found ${JSON.stringify(text)}`,
    {
      span,
      hint: 'name it relative to the description, without ".."',
    },
  );
}

function atSpan<T>(span: Span | undefined, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof CogpackError) || error.span !== undefined) throw error;
    throw new CogpackError(error.code, error.message, { span, hint: error.hint, cause: error });
  }
}
