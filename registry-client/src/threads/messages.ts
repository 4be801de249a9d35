// What the client and its pull threads say to each other, as plain data.
import type { GivenCertificates } from '../certificates.ts';
import type { Descriptor } from '../descriptor.ts';
import { messageOf, RegistryError, type RegistryErrorCode } from '../error.ts';
import type { Repository } from '../hosts.ts';
import type { RetryPolicy } from '../retry.ts';

/** What a thread needs for connections of its own. */
export type ThreadOptions = {
  readonly given: GivenCertificates;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly idleMs: number;
  readonly retry: RetryPolicy;
};

export type ToThread =
  | {
      readonly type: 'pull';
      readonly job: number;
      readonly repository: Repository;
      readonly blob: Pick<Descriptor, 'digest' | 'size'>;
      readonly path: string;
      readonly flush: boolean;
    }
  | { readonly type: 'abort'; readonly job: number }
  /** The answer to a call. */
  | { readonly type: 'return'; readonly call: number; readonly value?: unknown; readonly error?: ErrorData };

export type FromThread =
  | { readonly type: 'bytes'; readonly job: number; readonly count: number }
  | { readonly type: 'done'; readonly job: number; readonly error?: ErrorData }
  /** A call of the client's authorizer, which alone knows credentials and tokens. */
  | {
      readonly type: 'call';
      readonly call: number;
      readonly name: 'authorization' | 'challenged';
      readonly args: readonly unknown[];
    };

export type ErrorData = {
  readonly message: string;
  readonly code: string | undefined;
  readonly registry?: {
    readonly status: number | undefined;
    readonly request: string | undefined;
    readonly hint: string | undefined;
  };
};

export function errorData(error: unknown): ErrorData {
  const message = messageOf(error);
  if (error instanceof RegistryError) {
    const { code, status, request, hint } = error;
    return { message, code, registry: { status, request, hint } };
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return { message, code };
}

export function errorOf({ message, code, registry }: ErrorData): Error {
  if (registry !== undefined) return new RegistryError(code as RegistryErrorCode, message, registry);
  return code === undefined ? new Error(message) : Object.assign(new Error(message), { code });
}
