// The registry client's public face.
export { type CredentialSource, type Credentials, credentialFiles } from './auth/credentials.ts';
export type { BlobBytes, BlobFile, OpenBlob } from './blob-bytes.ts';
export type { PushBlobOptions, PushedBlob } from './blob-push.ts';
export { type Client, type ClientOptions, createClient } from './client.ts';
export { type Descriptor, type ManifestContent, mediaTypes, parseManifest } from './descriptor.ts';
export { isRegistryError, RegistryError, type RegistryErrorCode } from './error.ts';
export type { FileSink } from './file-sink.ts';
export type { Repository } from './hosts.ts';
export type { BlobSink, PullImageOptions, PullImageResult, SinkWriter } from './image-pull.ts';
export type { PushImageOptions, PushImageResult } from './image-push.ts';
export type { Manifest } from './manifests.ts';
export { formatReference, isLoopback, parseReference, type Reference } from './reference.ts';
export type { RetryPolicy } from './retry.ts';
