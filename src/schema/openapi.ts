// The OpenAPI 3.0.2 document of a cog server: fixed paths and envelopes around a model's input and output. Its shape is
// that of cog 0.23 (pkg/schema/openapi_spec.go there); what a server with both predictions and trainings serves is
// the first document with the second one's paths and components added.

import { canonicalJson, type Json } from '../base/canonical.ts';
import { CogpackError } from '../base/error.ts';
import type { Mode } from './callable.ts';
import type { Inputs } from './inputs.ts';
import { type JsonObject, titleOf } from './json-schema.ts';

export type Operation = {
  readonly mode: Mode;
  readonly inputs: Inputs;
  readonly output: JsonObject;
  readonly streams: boolean;
};

const words = {
  predict: {
    path: '/predictions',
    noun: 'prediction',
    verb: 'predict',
    prefix: '',
    summary: 'Predict',
  },
  train: {
    path: '/trainings',
    noun: 'training',
    verb: 'train',
    prefix: 'Training',
    summary: 'Train',
  },
} as const;

/** The document of one operation. `version` is that of cog. Throws `schema/component`. */
export function openApi(operation: Operation, version: string): JsonObject {
  const { mode, inputs, output, streams } = operation;
  const { path, noun, verb, prefix, summary } = words[mode];
  const names = {
    input: `${prefix}Input`,
    output: `${prefix}Output`,
    request: `${titleOf(noun)}Request`,
    response: `${titleOf(noun)}Response`,
  };
  const input = {
    title: names.input,
    type: 'object',
    properties: inputs.properties,
    ...(inputs.required.length > 0 && { required: inputs.required }),
  };
  const fixed = {
    [names.input]: input,
    [names.output]: { ...output, title: 'Output' },
    ...envelopes(names),
    ...common,
  };
  checkNames(inputs.enums, fixed);
  return {
    openapi: '3.0.2',
    info: { title: 'Cog', version },
    paths: {
      '/': { get: { summary: 'Root', operationId: 'root__get', responses: ok({}) } },
      '/health-check': {
        get: { summary: 'Healthcheck', operationId: 'healthcheck_health_check_get', responses: ok({}) },
      },
      [path]: {
        post: {
          summary,
          description: `Run a single ${noun} on the model`,
          operationId: `${verb}_${noun}s_post`,
          requestBody: { content: json(reference(names.request)) },
          responses: { ...ok(reference(names.response)), ...invalid },
          ...(mode === 'predict' && streams && { 'x-cog-streaming': true }),
        },
      },
      [`${path}/{${noun}_id}/cancel`]: {
        post: {
          summary: 'Cancel',
          operationId: `cancel_${noun}s__${noun}_id__cancel_post`,
          parameters: [
            {
              required: true,
              schema: { title: titleOf(`${noun}_id`), type: 'string' },
              name: `${noun}_id`,
              in: 'path',
            },
          ],
          responses: { ...ok({}), ...invalid },
        },
      },
    },
    components: { schemas: { ...fixed, ...inputs.enums } },
  };
}

/** One document for a model that both predicts and trains. Throws `schema/component` where the two differ on a name. */
export function mergeDocuments(predict: JsonObject, train: JsonObject): JsonObject {
  const one = schemasOf(predict);
  const other = schemasOf(train);
  for (const [name, schema] of Object.entries(other)) {
    if (name in one && canonicalJson(one[name]!) !== canonicalJson(schema)) throw clash(name);
  }
  return {
    ...predict,
    paths: { ...(train.paths as JsonObject), ...(predict.paths as JsonObject) },
    components: { schemas: { ...other, ...one } },
  };
}

/** The component schemas of a document. */
export function schemasOf(document: JsonObject): JsonObject {
  return (document.components as JsonObject).schemas as JsonObject;
}

function checkNames(enums: JsonObject, fixed: JsonObject): void {
  const name = Object.keys(enums).find(candidate => Object.hasOwn(fixed, candidate));
  if (name !== undefined) throw clash(name);
}

function clash(name: string): CogpackError {
  return new CogpackError(
    'schema/component',
    `the choices of the input ${name} need a component that is already there`,
    {
      hint: 'give the input another name',
    },
  );
}

function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

function json(schema: JsonObject): JsonObject {
  return { 'application/json': { schema } };
}

function ok(schema: JsonObject): JsonObject {
  return { '200': { description: 'Successful Response', content: json(schema) } };
}

const invalid = {
  '422': { description: 'Validation Error', content: json(reference('HTTPValidationError')) },
};

function envelopes(names: Readonly<Record<'input' | 'output' | 'request' | 'response', string>>): JsonObject {
  const text = (title: string, format?: string): Json => ({
    title,
    type: 'string',
    ...(format && { format }),
  });
  return {
    [names.request]: {
      title: names.request,
      type: 'object',
      properties: { id: text('Id'), input: reference(names.input) },
    },
    [names.response]: {
      title: names.response,
      type: 'object',
      properties: {
        input: reference(names.input),
        output: reference(names.output),
        id: text('Id'),
        version: text('Version'),
        created_at: text('Created At', 'date-time'),
        started_at: text('Started At', 'date-time'),
        completed_at: text('Completed At', 'date-time'),
        status: text('Status'),
        error: text('Error'),
        logs: text('Logs'),
        metrics: { title: 'Metrics', type: 'object' },
      },
    },
  };
}

const common: JsonObject = {
  Status: {
    title: 'Status',
    description: 'An enumeration.',
    enum: ['starting', 'processing', 'succeeded', 'canceled', 'failed'],
    type: 'string',
  },
  HTTPValidationError: {
    title: 'HTTPValidationError',
    type: 'object',
    properties: { detail: { title: 'Detail', type: 'array', items: reference('ValidationError') } },
  },
  ValidationError: {
    title: 'ValidationError',
    required: ['loc', 'msg', 'type'],
    type: 'object',
    properties: {
      loc: { title: 'Location', type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } },
      msg: { title: 'Message', type: 'string' },
      type: { title: 'Error Type', type: 'string' },
    },
  },
};
