// Answers of the server: errors in the specification's form (distribution-spec "Error codes"), and plain ones.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

export type RefusalCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED'
  | 'UNKNOWN';

/** Thrown by handlers; becomes the answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: RefusalCode;
  readonly headers: OutgoingHttpHeaders;

  constructor(status: number, code: RefusalCode, message: string, headers: OutgoingHttpHeaders = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Refusal;
}

export function sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const body = Buffer.from(
    `${JSON.stringify({ errors: [{ code: refusal.code, message: refusal.message }] })}\n`,
  );
  // What is left of a request's body is not worth waiting for.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(refusal.status, {
    ...refusal.headers,
    'content-type': 'application/json',
    'content-length': body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** An answer without a body. */
export function sendEmpty(response: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { ...headers, ...(status !== 204 && { 'content-length': 0 }) });
  response.end();
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: OutgoingHttpHeaders = { 'content-type': 'application/json' },
): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(200, { ...headers, 'content-length': body.length });
  response.end(body);
}
