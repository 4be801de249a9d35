// What is known of CUDA and of the frameworks' builds: stdlib/facts/{cuda,torch,tensorflow,jax,nvidia}.json as typed,
// checked tables. Each file says where its rows are from and when they were read; scripts/update-facts.ts renews them.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const release = z.string().regex(/^\d+(\.\d+)*(\.post\d+)?$/);
const cudaVersion = z.string().regex(/^\d+\.\d+$/);
const driver = z.string().regex(/^\d+(\.\d+)*$/);
const python = z.array(z.string().regex(/^3\.\d+$/));
const platform = z.enum(['linux/amd64', 'linux/arm64']);
const sources = z.record(z.string(), z.object({ what: z.string(), date: z.iso.date() }));
/** Package → exact version, or a specifier. */
const wheels = z.record(z.string(), z.string());

/** What the wheel itself says of the GPUs that it has code for, where it does. */
const code = { sm: z.array(z.number()).optional(), ptx: z.number().nullable().optional() };
const build = z.object({ python, cuda: cudaVersion.nullable(), size: z.number(), wheels, ...code });

export const cudaFacts = z.object({
  sources,
  toolkits: z.array(
    z.object({
      cuda: cudaVersion,
      driver,
      minimum: driver,
      sm: z.array(z.number()),
      source: z.array(z.string()),
    }),
  ),
  cudnn: z.array(
    z.object({
      cuda: z.string(),
      first: z.string(),
      last: z.string().nullable(),
      driver,
      sm: z.array(z.number()),
    }),
  ),
});

export const torchFacts = z.object({
  sources,
  releases: z.array(
    z.object({
      version: release,
      date: z.iso.date(),
      'linux/amd64': build.optional(),
      'linux/arm64': build.optional(),
      torchvision: release.optional(),
      torchaudio: release.optional(),
    }),
  ),
  builds: z.array(
    z.object({
      torch: release,
      cuda: cudaVersion.nullable(),
      local: z.string(),
      index: z.string().regex(/^whl\/[a-z0-9]+$/),
      platforms: z.array(platform),
      cudnn: z.string().optional(),
      source: z.array(z.string()),
    }),
  ),
  /** Of builds on other indexes, which cannot be read. */
  sm: z.array(
    z.object({
      platform,
      cuda: cudaVersion,
      first: release,
      last: release,
      sm: z.array(z.number()),
      ptx: z.number().nullable(),
      source: z.string(),
    }),
  ),
});

export const tensorflowFacts = z.object({
  releases: z.array(
    z.object({
      version: release,
      date: z.iso.date(),
      'linux/amd64': build.optional(),
      'linux/arm64': build.optional(),
    }),
  ),
  tested: z.array(z.object({ tensorflow: z.string(), cuda: cudaVersion, cudnn: z.string() })),
});

const jaxBuild = z.object({ python, size: z.number(), plugins: z.record(z.string(), build) });
export const jaxFacts = z.object({
  releases: z.array(
    z.object({
      version: release,
      date: z.iso.date(),
      jaxlib: release,
      'linux/amd64': jaxBuild.optional(),
      'linux/arm64': jaxBuild.optional(),
    }),
  ),
});

const range = z.object({ first: release, last: release });
export const nvidiaFacts = z.object({
  libraries: z.object({ cudnn: z.record(z.string(), range), nccl: z.record(z.string(), range) }),
  wheels: z.record(z.string(), z.record(z.string(), z.number())),
});

export type Platform = z.infer<typeof platform>;
export type Wheels = Readonly<Record<string, string>>;
export type GpuFacts = {
  readonly cuda: z.infer<typeof cudaFacts>;
  readonly torch: z.infer<typeof torchFacts>;
  readonly tensorflow: z.infer<typeof tensorflowFacts>;
  readonly jax: z.infer<typeof jaxFacts>;
  readonly nvidia: z.infer<typeof nvidiaFacts>;
};

let known: GpuFacts | undefined;

/** The tables of the library, read once. */
export function gpuFacts(): GpuFacts {
  known ??= {
    cuda: cudaFacts.parse(readFacts('cuda')),
    torch: torchFacts.parse(readFacts('torch')),
    tensorflow: tensorflowFacts.parse(readFacts('tensorflow')),
    jax: jaxFacts.parse(readFacts('jax')),
    nvidia: nvidiaFacts.parse(readFacts('nvidia')),
  };
  return known;
}

function readFacts(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../stdlib/facts/${name}.json`, import.meta.url), 'utf8'));
}
