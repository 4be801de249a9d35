// What a resolver is given beside its request.
import type { Json } from '../base/canonical.ts';
import type { FetchConfig, Network } from '../fetch/index.ts';
import type { Store } from '../store/store.ts';

export type LockContext = {
  /** The project's folder, absolute. */
  readonly project: string;
  readonly config: FetchConfig;
  /** Tools that a resolver runs lie in it. */
  readonly store: Store;
  readonly signal: AbortSignal;
  /** The answer that is being renewed, if there is one. */
  readonly previous?: Json | undefined;
};

export type ResolveContext = LockContext & { readonly network: Network };
