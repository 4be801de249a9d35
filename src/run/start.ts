// Starts an image of the store without network, under the first of the runtimes and engines that are here.
import { join } from 'node:path';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import type { Store } from '../store/store.ts';
import { type Container, type Ended, runNow } from './container.ts';

export const starters = ['crun', 'runc', 'podman', 'docker'] as const;
export type Starter = (typeof starters)[number];

export type StartOptions = {
  readonly store: Store;
  /** An image manifest, all of it in the store. */
  readonly image: Descriptor;
  /** An empty folder that lives as long as the container. */
  readonly dir: string;
  /** The one to take; the first that is here unless it is given. */
  readonly starter?: Starter | undefined;
  /** Beside the image's own variables. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
};

/** Throws `run/no-runtime` with what to install, and `run/start`. */
export async function startImage(options: StartOptions): Promise<Container> {
  const { store, image, dir, env, signal } = options;
  const starter = chosen(options.starter);
  const name = `cogpack-run-${process.pid}`;
  if (starter === 'podman' || starter === 'docker') {
    const { writeDockerArchive } = await import('../output/docker-archive.ts');
    const { startArchive } = await import('./engine.ts');
    const file = join(dir, 'image.tar');
    await writeDockerArchive({ store, manifest: image, file, name });
    return startArchive(starter, file, name, env);
  }
  const { writeBundle } = await import('./bundle.ts');
  const { startBundle } = await import('./runtime.ts');
  await writeBundle(store, image, dir, env, signal);
  return startBundle(starter, dir, name);
}

function chosen(wanted: Starter | undefined): Starter {
  const found = (wanted === undefined ? starters : [wanted]).find(name => asked(name).code === 0);
  if (found !== undefined) return found;
  if (wanted === undefined) {
    const looked = `${starters.slice(0, -1).join(', ')} and ${starters.at(-1)}`;
    throw new CogpackError('run/no-runtime', `no container runtime works here: looked for ${looked}`, {
      hint: 'install one, for example with: sudo apt-get install crun',
    });
  }
  const { code, stderr } = asked(wanted);
  throw new CogpackError(
    'run/no-runtime',
    code === null ? `${wanted} is not installed` : `${wanted} does not work: ${stderr.trim()}`,
    { hint: 'leave --runtime out for what is here; cogpack doctor tells what that is' },
  );
}

// docker's client answers `version` only when its daemon does.
const asked = (name: Starter): Ended =>
  runNow([name, name === 'docker' || name === 'podman' ? 'version' : '--version']);
