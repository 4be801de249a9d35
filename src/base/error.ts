// The one error type of cogpack. A CogpackError is something the user can act on: it names the place,
// what was expected, what was found and what to do next. Anything else that is thrown is a defect.
// Codes are listed in docs/errors.md with the cure for each.

/** A place in a text: 1-based line and column (columns count UTF-16 code units), end exclusive. */
export type Span = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
};

export type ErrorDetails = {
  readonly span?: Span | undefined;
  /** What to do next, one sentence. */
  readonly hint?: string | undefined;
  /** Evaluation frames from the innermost outwards, already worth showing. */
  readonly trace?: readonly { readonly what: string; readonly span?: Span | undefined }[] | undefined;
  readonly cause?: unknown;
};

export class CogpackError extends Error {
  override readonly name = 'CogpackError';
  readonly code: string;
  readonly span: Span | undefined;
  readonly hint: string | undefined;
  readonly trace: NonNullable<ErrorDetails['trace']>;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.span = details.span;
    this.hint = details.hint;
    this.trace = details.trace ?? [];
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for a Node system error with one of these codes (`ENOENT`, `EEXIST`, …). */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
