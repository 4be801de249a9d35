// Tries again what failed for a reason that may pass: the network, 429 and 5xx. The waits double, are never shorter
// than Retry-After asks, and vary at random so that many clients do not come back together.
import { setTimeout as sleep } from 'node:timers/promises';
import { isRegistryError } from './error.ts';

export type RetryPolicy = {
  /** Tries in all, the first one counted. */
  readonly attempts: number;
  /** The first wait; each next one is twice as long, 10 s at most. */
  readonly delayMs: number;
};

export const defaultRetryPolicy: RetryPolicy = { attempts: 6, delayMs: 200 };

const longestDelayMs = 10_000;
const longestRetryAfterMs = 60_000;

/** Throws what the last try threw, and at once what another try cannot mend. */
export async function retrying<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  attempt: (number: number) => Promise<T>,
): Promise<T> {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt(number);
    } catch (error) {
      if (number >= policy.attempts || !isPassing(error) || signal?.aborted) throw error;
      await pause(policy, number, error, signal);
    }
  }
}

/** True for what may not happen again: the network, 429 and 5xx. */
export function isPassing(error: unknown): boolean {
  return isRegistryError(error, 'network', 'busy', 'server');
}

/** Waits before try `number + 1`. Throws when `signal` aborts. */
export async function pause(
  policy: RetryPolicy,
  number: number,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<void> {
  const doubled = Math.min(policy.delayMs * 2 ** (number - 1), longestDelayMs);
  const asked = isRegistryError(error) ? Math.min(error.retryAfterMs ?? 0, longestRetryAfterMs) : 0;
  const varied = doubled * (0.5 + Math.random() / 2);
  await sleep(Math.max(varied, asked), undefined, signal && { signal });
}

/** Milliseconds of a Retry-After header (RFC 9110 §10.2.3: seconds or a date); undefined when there is none. */
export function retryAfterMs(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*[0-9]+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
