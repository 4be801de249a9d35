// The one error of the registry client: it names the request, the answer and what to do next. A caller switches on `code`.

export type RegistryErrorCode =
  | 'reference' // a reference, repository, tag or digest is not well-formed
  | 'network' // no connection, a reset, a broken body, a time-out
  | 'tls' // a certificate that is not trusted, or no TLS at all
  | 'unauthorized' // 401: no credentials, or the registry refuses them
  | 'denied' // 403
  | 'not-found' // 404
  | 'rejected' // another 4xx
  | 'busy' // 429 until the retries ran out
  | 'server' // 5xx until the retries ran out
  | 'digest' // bytes that are not those of their digest
  | 'size' // more or fewer bytes than stated, or more than are allowed
  | 'redirect' // a redirect that may not be followed
  | 'protocol' // an answer that breaks the distribution specification
  | 'credentials'; // a credential file or helper that cannot be used

export type RegistryErrorDetails = {
  readonly status?: number | undefined;
  /** Method and URL, without query and credentials. */
  readonly request?: string | undefined;
  readonly hint?: string | undefined;
  /** How long the registry asks to wait before another try. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
};

export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: RegistryErrorCode;
  readonly status: number | undefined;
  readonly request: string | undefined;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: RegistryErrorCode, message: string, details: RegistryErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.request = details.request;
    this.hint = details.hint;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** True for a RegistryError with one of these codes, or with any when none is given. */
export function isRegistryError(error: unknown, ...codes: RegistryErrorCode[]): error is RegistryError {
  return error instanceof RegistryError && (codes.length === 0 || codes.includes(error.code));
}

/** The message of anything that was thrown, with the system's code where the message is empty. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error.message || ('code' in error ? String(error.code) : error.name);
}
