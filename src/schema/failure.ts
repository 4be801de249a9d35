// What the schema's modules throw: one error at a place in a Python file, which always says what to write instead.
import { CogpackError } from '../base/error.ts';
import type { PythonNode } from './tree.ts';

export type SchemaErrorCode =
  | 'schema/annotation'
  | 'schema/callable'
  | 'schema/choices'
  | 'schema/import'
  | 'schema/input'
  | 'schema/name'
  | 'schema/not-found'
  | 'schema/output'
  | 'schema/type'
  | 'schema/value';

/** An error about a piece of Python source. */
export function failure(
  code: SchemaErrorCode,
  node: PythonNode,
  message: string,
  hint: string,
): CogpackError {
  return new CogpackError(code, message, { span: node.span, hint });
}

/** The source of a node, on one line and short enough for a message. */
export function excerpt(node: PythonNode): string {
  const text = node.text.replaceAll(/\s+/g, ' ');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
