// Heads of HTTP/1.1 messages (RFC 9112 §2–§5): a request's is written, a response's is read.

export type RequestHead = {
  readonly method: string;
  /** The request target: a path with its query, or an absolute URL for a proxy. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
};

export type ResponseHead = {
  readonly status: number;
  readonly minor: number;
  /** By lower-case name; several of one name are joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
};

/** What breaks the rules of HTTP; nothing of such an answer is used. */
export class HttpSyntaxError extends Error {
  override readonly name = 'HttpSyntaxError';
  readonly code = 'HTTP_SYNTAX';
}

const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const statusLine = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: .*)?$/;

/** Throws for a header that would break out of its line. */
export function writeHead({ method, target, headers }: RequestHead): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => {
    if (!fieldName.test(name) || !fieldValue.test(value))
      throw new HttpSyntaxError(`the header ${name} is not well-formed`);
    return `${name}: ${value}\r\n`;
  });
  if (!/^[\x21-\x7e]+$/.test(target)) throw new HttpSyntaxError('the request target is not well-formed');
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
}

/** `text` is all before the empty line, in latin1. */
export function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n');
  const status = statusLine.exec(first);
  if (status === null)
    throw new HttpSyntaxError(`the answer begins with "${first.slice(0, 60)}", which is not HTTP/1.1`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (colon < 1 || !fieldName.test(name) || !fieldValue.test(value)) {
      throw new HttpSyntaxError('the answer has a header that is not well-formed');
    }
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status[2]), minor: Number(status[1]), headers };
}
