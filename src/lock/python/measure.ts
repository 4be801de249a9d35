// The size and sha256 of a wheel. Most indexes state both; where one is missing the file itself is read.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { digestOfHex } from '../../base/digest.ts';
import { CogpackError, messageOf } from '../../base/error.ts';
import { httpUrl, withLogin } from '../../fetch/locate.ts';
import type { ResolveContext } from '../context.ts';
import type { LockedFile } from './pylock.ts';

/** Throws `lock/hash` when the file is not what its index states, `lock/file`, and as the network does. */
export async function measured(
  file: LockedFile,
  context: ResolveContext,
): Promise<{ readonly sha256: string; readonly size: number }> {
  if (file.sha256 !== undefined && file.size !== undefined) return { sha256: file.sha256, size: file.size };
  const hash = createHash('sha256');
  let size = 0;
  for await (const part of await partsOf(file, context)) {
    hash.update(part);
    size += part.length;
  }
  const sha256 = digestOfHex(hash.digest('hex'));
  if (file.sha256 === undefined || file.sha256 === sha256) return { sha256, size };
  throw new CogpackError('lock/hash', `${file.filename}: its index states ${file.sha256}; it has ${sha256}`);
}

async function partsOf(
  { filename, path, url }: LockedFile,
  { config, network, signal, project }: ResolveContext,
): Promise<AsyncIterable<Uint8Array>> {
  if (path === undefined) {
    const { extra, main } = config.pythonIndexes();
    const source = [...extra, main].reduce(withLogin, httpUrl(url ?? '', filename));
    return (await network.http.get(source, { name: filename, signal })).parts;
  }
  const stream = createReadStream(resolve(project, path), { signal });
  return stream.once('error', error =>
    stream.destroy(
      new CogpackError('lock/file', `${path} cannot be read: ${messageOf(error)}`, { cause: error }),
    ),
  );
}
