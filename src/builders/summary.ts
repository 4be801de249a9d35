// A layer's summary as a blob: canonical JSON.
import { canonicalJson } from '../base/canonical.ts';
import type { Descriptor } from '../base/digest.ts';
import { type Summary, summaryMediaType } from '../check/summary.ts';
import type { BlobStore } from './builder.ts';

export function writeSummary(store: BlobStore, summary: Summary): Descriptor {
  const blob = store.createBlob();
  try {
    blob.write(Buffer.from(canonicalJson(summary)));
    return blob.commit(summaryMediaType);
  } catch (error) {
    blob.abort();
    throw error;
  }
}
