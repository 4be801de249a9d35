// The client: every operation of the distribution specification bound to one set of connections, credentials and tokens.
import { createAuthorizer } from './auth/authorizer.ts';
import { type CredentialSource, credentialFiles } from './auth/credentials.ts';
import type { OpenBlob } from './blob-bytes.ts';
import { getBlob } from './blob-pull.ts';
import { headBlob, type PushBlobOptions, type PushedBlob, pushBlob } from './blob-push.ts';
import { certificatesFor } from './certificates.ts';
import { type Descriptor, parseManifest } from './descriptor.ts';
import { algorithmOf, digestOf } from './digest.ts';
import { apiUrl, type Repository } from './hosts.ts';
import { createHttp, type Http } from './http.ts';
import { type PullImageOptions, type PullImageResult, pullImage } from './image-pull.ts';
import { type PushImageOptions, type PushImageResult, pushImage } from './image-push.ts';
import { getManifest, headManifest, type Manifest, putManifestBytes } from './manifests.ts';
import { addToFallback, listReferrers } from './referrers.ts';
import { defaultRetryPolicy, type RetryPolicy } from './retry.ts';
import { scopesFor } from './scopes.ts';
import { listTags } from './tags.ts';
import { startPullThread } from './threads/start-pull-thread.ts';
import { proxiesOf } from './wire/proxies.ts';
import { createWire } from './wire/wire.ts';

export type ClientOptions = {
  /** Credentials by host; unless it is given, those of docker's and podman's files. */
  readonly auth?: CredentialSource | undefined;
  /** Certificate authorities in PEM, trusted beside the usual ones and those of certs.d folders. */
  readonly ca?: string | undefined;
  /** The client's certificate and private key in PEM; unless they are given, those of a host's certs.d folder. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Proxies (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) and the places of credential and certificate files; the process's own unless given. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** Blobs larger than this are uploaded in chunks of it. 64 MiB. */
  readonly chunkBytes?: number | undefined;
  /** How long a connection may say nothing before it counts as broken. 60 s. */
  readonly idleMs?: number | undefined;
};

export type Client = {
  /** The size the registry states, or undefined when the blob is not there. */
  headBlob(
    repository: Repository,
    digest: string,
    signal?: AbortSignal,
  ): Promise<{ size: number | undefined } | undefined>;
  /** The blob's verified bytes in order, as a stream. */
  getBlob(
    repository: Repository,
    blob: Pick<Descriptor, 'digest' | 'size'>,
    signal?: AbortSignal,
  ): AsyncGenerator<Buffer, void, undefined>;
  pushBlob(
    repository: Repository,
    blob: Descriptor,
    open: OpenBlob,
    options?: PushBlobOptions,
  ): Promise<PushedBlob>;
  headManifest(
    repository: Repository,
    tagOrDigest: string,
    signal?: AbortSignal,
  ): Promise<Descriptor | undefined>;
  getManifest(repository: Repository, tagOrDigest: string, signal?: AbortSignal): Promise<Manifest>;
  putManifest(
    repository: Repository,
    tagOrDigest: string,
    bytes: Uint8Array,
    mediaType: string,
    signal?: AbortSignal,
  ): Promise<Descriptor>;
  tags(repository: Repository, signal?: AbortSignal): AsyncGenerator<string>;
  referrers(
    repository: Repository,
    digest: string,
    artifactType?: string,
    signal?: AbortSignal,
  ): Promise<Descriptor[]>;
  deleteManifest(repository: Repository, tagOrDigest: string, signal?: AbortSignal): Promise<void>;
  deleteBlob(repository: Repository, digest: string, signal?: AbortSignal): Promise<void>;
  pushImage(options: PushImageOptions): Promise<PushImageResult>;
  pullImage(options: PullImageOptions): Promise<PullImageResult>;
  /** Ends open connections. */
  close(): void;
};

const defaultChunkBytes = 64 << 20;
const defaultIdleMs = 60_000;

export function createClient(options: ClientOptions = {}): Client {
  const env = options.env ?? process.env;
  const given = { ca: options.ca, cert: options.cert, key: options.key };
  const tlsFor = certificatesFor(given, env);
  const idleMs = options.idleMs ?? defaultIdleMs;
  const retry = options.retry ?? defaultRetryPolicy;
  const wire = createWire({ tlsFor, proxies: proxiesOf(env), idleMs });
  const auth = options.auth ?? credentialFiles(env);
  const authorizer = createAuthorizer(
    () => http,
    (origin, repository) => auth(new URL(origin).host, repository),
  );
  const http: Http = createHttp(wire, () => authorizer, retry);
  const startThread = () => startPullThread({ given, env: { ...env }, idleMs, retry }, authorizer);
  const chunkBytes = options.chunkBytes ?? defaultChunkBytes;

  const remove = async (repository: Repository, path: string, signal: AbortSignal | undefined) => {
    const scopes = scopesFor(repository, 'delete');
    await http.send({
      method: 'DELETE',
      url: apiUrl(repository, path),
      scopes,
      expect: [200, 202, 204],
      signal,
    });
  };

  return {
    headBlob: (repository, digest, signal) => headBlob(http, repository, digest, signal),
    getBlob: (repository, blob, signal) => getBlob(http, repository, blob, signal),
    pushBlob: (repository, blob, open, pushOptions) =>
      pushBlob(http, repository, blob, open, chunkBytes, pushOptions),
    headManifest: (repository, name, signal) => headManifest(http, repository, name, signal),
    getManifest: (repository, name, signal) => getManifest(http, repository, name, signal),
    async putManifest(repository, name, bytes, mediaType, signal) {
      const descriptor = { mediaType, digest: digestOf(bytes, algorithmOf(name)), size: bytes.length };
      const content = parseManifest(bytes, mediaType, `the manifest ${descriptor.digest}`);
      const { subjectTaken } = await putManifestBytes(http, repository, name, bytes, mediaType, signal);
      if (!subjectTaken) {
        await addToFallback(http, repository, { descriptor, bytes: Buffer.from(bytes), content }, signal);
      }
      return descriptor;
    },
    tags: (repository, signal) => listTags(http, repository, signal),
    referrers: (repository, digest, type, signal) => listReferrers(http, repository, digest, type, signal),
    deleteManifest: (repository, name, signal) => remove(repository, `manifests/${name}`, signal),
    deleteBlob: (repository, digest, signal) => remove(repository, `blobs/${digest}`, signal),
    pushImage: pushOptions => pushImage(http, chunkBytes, pushOptions),
    pullImage: pullOptions => pullImage(http, startThread, pullOptions),
    close: () => wire.close(),
  };
}
