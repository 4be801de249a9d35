// Twelve bases, invented, with what bases of these kinds hold; sizes are of their order.
import { type Digest, sha256 } from '../../src/base/digest.ts';
import type { BaseMetadata } from '../../src/base-image/metadata.ts';
import type { Base } from '../../src/catalogue/catalogue.ts';

const debian12 = { id: 'debian', version: '12', codename: 'bookworm' };
const ubuntu22 = { id: 'ubuntu', version: '22.04', codename: 'jammy' };

type Sketch = Partial<Omit<BaseMetadata, 'debian' | 'packages' | 'layers' | 'cuda'>> & {
  readonly debian?: readonly string[];
  readonly site?: string;
  readonly packages?: Readonly<Record<string, string>>;
  readonly cuda?: string;
  /** CUDA's, by soname. */
  readonly libraries?: readonly string[];
  readonly megabytes: number;
};

export function base(reference: string, sketch: Sketch): Base {
  const {
    debian = [],
    site = '/usr/local/lib/python3.11/site-packages',
    packages = {},
    cuda,
    libraries = [],
    megabytes,
    ...rest
  } = sketch;
  const digest = (what: string): Digest => sha256(`${reference} ${what}`);
  const layer = {
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: digest('layer'),
    size: megabytes * 1_000_000,
    diffID: digest('diffID'),
  };
  return {
    reference,
    digest: digest('manifest'),
    metadata: {
      v: 1,
      platform: 'linux/amd64',
      os: debian12,
      glibc: '2.36',
      pythons: [],
      user: 'root',
      env: {},
      ...rest,
      debian: debian.map(name => ({ name, version: '1', architecture: 'amd64' })),
      packages: Object.entries(packages).map(([name, version]) => ({ name, version, path: site })),
      ...(cuda !== undefined && {
        cuda: {
          version: cuda,
          libraries: libraries.map(soname => ({ soname, path: `/usr/local/cuda/lib64/${soname}` })),
        },
      }),
      layers: [layer],
    },
  };
}

const python = (version: string) => [
  { version, path: `/usr/local/bin/python${version.replace(/\.\d+$/, '')}` },
];
/** Of the toolkit, cuDNN and NCCL. */
const cuda12 = [
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcudart.so.12',
  'libcudnn.so.9',
  'libcudnn_adv.so.9',
  'libcudnn_cnn.so.9',
  'libcudnn_engines_precompiled.so.9',
  'libcudnn_engines_runtime_compiled.so.9',
  'libcudnn_graph.so.9',
  'libcudnn_heuristic.so.9',
  'libcudnn_ops.so.9',
  'libcufft.so.11',
  'libcufftw.so.11',
  'libcusolver.so.11',
  'libcusolverMg.so.11',
  'libcusparse.so.12',
  'libnccl.so.2',
  'libnvblas.so.12',
];
const science = { numpy: '1.26.4', scipy: '1.14.1', pandas: '2.2.3' };

export const twelveBases: readonly Base[] = [
  base('r.example/debian:12-slim', { megabytes: 28, debian: ['base-files', 'libc6', 'zlib1g'] }),
  base('r.example/python:3.11-slim', {
    megabytes: 50,
    debian: ['base-files', 'libc6', 'netbase', 'zlib1g'],
    pythons: python('3.11.9'),
  }),
  base('r.example/python:3.11', {
    megabytes: 360,
    debian: ['base-files', 'libc6', 'netbase', 'zlib1g', 'libsndfile1', 'gcc-12'],
    pythons: python('3.11.9'),
  }),
  base('r.example/python:3.13-slim', {
    megabytes: 45,
    pythons: python('3.13.0'),
    debian: ['base-files', 'libc6'],
    os: { id: 'debian', version: '13', codename: 'trixie' },
    glibc: '2.41',
  }),
  base('r.example/python:3.11-alpine', {
    megabytes: 20,
    pythons: python('3.11.9'),
    os: { id: 'alpine', version: '3.20.3' },
    glibc: undefined,
  }),
  base('r.example/science:1', {
    megabytes: 130,
    pythons: python('3.11.9'),
    debian: ['base-files', 'libc6', 'netbase', 'zlib1g'],
    packages: science,
  }),
  base('r.example/science:2', {
    megabytes: 130,
    pythons: python('3.11.9'),
    debian: ['base-files', 'libc6', 'netbase', 'zlib1g'],
    packages: { ...science, numpy: '2.1.3' },
  }),
  base('r.example/science:1-arm', {
    megabytes: 120,
    platform: 'linux/arm64/v8',
    pythons: python('3.11.9'),
    packages: science,
  }),
  base('r.example/torch:cu121', {
    megabytes: 2600,
    os: ubuntu22,
    glibc: '2.35',
    pythons: python('3.11.9'),
    packages: { torch: '2.4.0+cu121', numpy: '1.26.4' },
    torch: { version: '2.4.0+cu121', cuda: '12.1' },
    cuda: '12.1',
    cudnn: '9.1.0',
    nccl: '2.20.5',
    libraries: cuda12,
  }),
  base('r.example/cuda:12.1-cudnn8', {
    megabytes: 2500,
    os: ubuntu22,
    glibc: '2.35',
    pythons: python('3.11.9'),
    packages: { numpy: '1.26.4' },
    cuda: '12.1',
    cudnn: '8.9.7',
    nccl: '2.18.1',
    libraries: cuda12.filter(soname => !soname.startsWith('libcudnn')).concat('libcudnn.so.8'),
  }),
  base('r.example/python:3.11-trixie', {
    megabytes: 45,
    pythons: python('3.11.14'),
    debian: ['base-files', 'libc6', 'netbase', 'zlib1g'],
    os: { id: 'debian', version: '13', codename: 'trixie' },
    glibc: '2.41',
  }),
  base('r.example/cuda:11.8', {
    megabytes: 1900,
    os: ubuntu22,
    glibc: '2.35',
    pythons: python('3.11.9'),
    cuda: '11.8',
    libraries: ['libcudart.so.11.0'],
  }),
];
