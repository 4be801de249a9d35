// A runtime bundle (runtime-spec config.md) from an image's configuration: its own namespaces, no network but loopback,
// no capability that a server on a high port needs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Descriptor } from '../base/digest.ts';
import { parseManifest } from '../store/manifest.ts';
import type { Store } from '../store/store.ts';
import { unpackLayers } from './unpack.ts';

const configSchema = z.object({
  config: z
    .object({
      Env: z.array(z.string()).default([]),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      WorkingDir: z.string().default('/'),
      User: z.string().default(''),
      Labels: z.record(z.string(), z.string()).nullish(),
    })
    .default({ Env: [], WorkingDir: '/', User: '' }),
});
export type ImageConfig = z.infer<typeof configSchema>['config'];

/** What an image's config says of its process. */
export function readImageConfig(store: Store, manifest: Descriptor): ImageConfig {
  const { config } = parseManifest(store.readBlob(manifest.digest));
  return configSchema.parse(JSON.parse(store.readBlob(config.digest).toString('utf8'))).config;
}

/** Writes rootfs and config.json into `dir`; `env` is added to the image's own. */
export async function writeBundle(
  store: Store,
  manifest: Descriptor,
  dir: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const { layers } = parseManifest(store.readBlob(manifest.digest));
  await unpackLayers(store, layers, join(dir, 'rootfs'), signal);
  writeFileSync(
    join(dir, 'config.json'),
    JSON.stringify(runtimeConfig(readImageConfig(store, manifest), env)),
  );
}

const mount = (destination: string, type: string, ...options: string[]) => ({
  destination,
  type,
  source: type,
  options,
});

function runtimeConfig(image: ImageConfig, env: Readonly<Record<string, string>>) {
  const [uid = 0, gid = 0] = image.User.split(':')
    .map(Number)
    .map(id => (Number.isNaN(id) ? 0 : id));
  const capabilities = ['CAP_KILL', 'CAP_SETUID', 'CAP_SETGID'];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid, gid },
      args: [...(image.Entrypoint ?? []), ...(image.Cmd ?? [])],
      env: [...image.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      cwd: image.WorkingDir || '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: false },
    hostname: 'model',
    mounts: [
      mount('/proc', 'proc'),
      mount('/dev', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
      mount('/dev/pts', 'devpts', 'nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'),
      mount('/dev/shm', 'tmpfs', 'nosuid', 'nodev', 'mode=1777'),
      mount('/tmp', 'tmpfs', 'nosuid', 'nodev', 'mode=1777'),
      mount('/run', 'tmpfs', 'nosuid', 'nodev', 'mode=755'),
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map(type => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
