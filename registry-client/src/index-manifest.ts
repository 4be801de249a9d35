// An image index (image-spec image-index.md) of some manifests.
import { type Descriptor, mediaTypes } from './descriptor.ts';

export function canonicalIndex(manifests: readonly Descriptor[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
}
