// From a request to its answer: the one impure step. Each kind is a module, loaded when first asked for.
import { z } from 'zod';
import { canonicalJson, type Json } from '../base/canonical.ts';
import { CogpackError } from '../base/error.ts';
import { createNetwork, type FetchConfig, type Network } from '../fetch/index.ts';
import type { LockContext, ResolveContext } from './context.ts';

type Kind = (request: Json, context: ResolveContext) => Promise<Json | object>;

const kinds: Readonly<Record<string, () => Promise<Kind>>> = {
  async debian() {
    const { debianRequest, resolveDebian } = await import('./debian.ts');
    return checked(debianRequest, resolveDebian);
  },
  async image() {
    const { imageRequest, resolveImage } = await import('./image.ts');
    return checked(imageRequest, resolveImage);
  },
  async python() {
    const { pythonRequest, resolvePython } = await import('./python.ts');
    return checked(pythonRequest, resolvePython);
  },
  async url() {
    const { resolveUrl, urlRequest } = await import('./url.ts');
    return checked(urlRequest, resolveUrl);
  },
};

/** Asks the indexes and archives. Throws `lock/kind`, `lock/request`, and as each kind and the network do. */
export async function resolveRequest(request: Json, context: LockContext): Promise<Json> {
  const kind = (request as { readonly kind?: Json } | null)?.kind;
  const load = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (load === undefined) {
    const known = Object.keys(kinds).join(', ');
    throw new CogpackError('lock/kind', `a lock answers ${known}; this request is ${canonicalJson(request)}`);
  }
  const resolve = await load();
  const answer = await resolve(request, { ...context, network: networkOf(context.config) });
  return answer as Json;
}

function checked<Schema extends z.ZodType>(
  schema: Schema,
  resolve: (request: z.infer<Schema>, context: ResolveContext) => Promise<Json | object>,
): Kind {
  return async (request, context) => {
    const parsed = schema.safeParse(request);
    if (parsed.success) return resolve(parsed.data, context);
    throw new CogpackError(
      'lock/request',
      `the request ${canonicalJson(request)} is not one that a lock answers:\n${z.prettifyError(parsed.error)}`,
    );
  };
}

// Requests that are resolved side by side share connections and index pages.
const networks = new WeakMap<FetchConfig, Network>();

function networkOf(config: FetchConfig): Network {
  const network = networks.get(config) ?? createNetwork(config);
  networks.set(config, network);
  return network;
}
