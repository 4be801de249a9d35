// What a base image holds, as data: everything that a description may find there instead of adding it. `describe.ts`
// derives it from an image's layers; catalogues and locks keep it. JSON; every list is in the order of its text, so that one
// image has one metadata. docs/base.md explains each field.
import { z } from 'zod';
import { digestSchema } from '../base/digest.ts';

const dotted = z.string().regex(/^\d+(?:\.\d+)+$/, 'expected a version such as 3.11');
const absolute = z.string().startsWith('/');

const debianPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** Debian's name: `amd64`, `all`. */
  architecture: z.string(),
});

const interpreter = z.strictObject({
  /** In full: `3.11.2`. */
  version: z.string().regex(/^3\.\d+\.\d+(?:(?:a|b|rc)\d+)?$/, 'expected a version such as 3.11.2'),
  path: absolute,
});

const pythonPackage = z.strictObject({
  /** In its normal form (packaging.python.org, "Names and normalization"). */
  name: z.string(),
  version: z.string(),
  /** The folder that holds it: `/usr/local/lib/python3.11/site-packages`. */
  path: absolute,
});

export const baseMetadataSchema = z.strictObject({
  v: z.literal(1),
  /** `linux/amd64`, `linux/arm64`, `linux/arm64/v8`. */
  platform: z.string(),
  /** Of /etc/os-release; without one the id is `linux`, as os-release(5) says, and the version is empty. */
  os: z.strictObject({ id: z.string(), version: z.string(), codename: z.string().optional() }),
  /** `2.36`. An image without it has another C library, or none. */
  glibc: dotted.optional(),
  debian: z.array(debianPackage),
  /** Interpreters with their standard library, outside of virtual environments. */
  pythons: z.array(interpreter),
  /** The virtual environment that the image works in: that of VIRTUAL_ENV or PATH, else the only one. */
  venv: z.strictObject({ path: absolute, python: dotted }).optional(),
  packages: z.array(pythonPackage),
  /** The toolkit's version, `12.1` (`12` where no more can be told), and its libraries by soname and path. */
  cuda: z
    .strictObject({
      version: z.string().regex(/^\d+(?:\.\d+)?$/, 'expected a version such as 12.1'),
      libraries: z.array(z.strictObject({ soname: z.string(), path: absolute })),
    })
    .optional(),
  cudnn: dotted.optional(),
  nccl: dotted.optional(),
  /** `cuda` is what the build was made for; a CPU build has none. */
  torch: z.strictObject({ version: z.string(), cuda: dotted.optional() }).optional(),
  user: z.string(),
  env: z.record(z.string(), z.string()),
  workdir: absolute.optional(),
  entrypoint: z.array(z.string()).optional(),
  cmd: z.array(z.string()).optional(),
  /** As the manifest names them, the lowest first, each with the digest of its uncompressed bytes. */
  layers: z.array(
    z.strictObject({
      mediaType: z.string(),
      digest: digestSchema,
      size: z.number().int().nonnegative(),
      diffID: digestSchema,
    }),
  ),
});

export type BaseMetadata = z.infer<typeof baseMetadataSchema>;
