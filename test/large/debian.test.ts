// Sixty sets of Debian packages, such as models ask for, and what apt would install of each into an empty system.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { archiveRoots } from '../../src/fetch/config.ts';
import { readConfig } from '../../src/fetch/index.ts';
import type { DebianAnswer } from '../../src/lock/debian.ts';
import { resolveRequest } from '../../src/lock/index.ts';
import { openStore } from '../../src/store/store.ts';
import { aptChooses } from '../support/apt.ts';

const folder = mkdtempSync(join(tmpdir(), 'cogpack-debian-sets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const config = readConfig(process.env, folder);
const store = openStore(join(folder, 'store'));

// The packages that cog.yaml files of published models list most, alone and together; servers, compilers and desktops, whose
// closures are large; packages with alternatives, virtual packages and conflicts.
const both = [
  'ffmpeg',
  'git',
  'curl wget ca-certificates',
  'libgl1 libglib2.0-0',
  'libsndfile1 sox',
  'build-essential cmake',
  'python3 tini ffmpeg libsm6 libxext6',
  'tesseract-ocr poppler-utils',
  'imagemagick',
  'libopencv-dev',
  'espeak-ng',
  'openjdk-17-jre-headless',
  'nginx',
  'postgresql',
  'redis-server',
  'postfix',
  'exim4',
  'r-base-core',
  'texlive-latex-base',
  'libreoffice-writer',
  'chromium',
  'graphviz pandoc',
  'gdal-bin python3-gdal',
  'python3-numpy python3-scipy',
  'libvips-tools',
  'gstreamer1.0-plugins-good gstreamer1.0-tools',
  'fonts-noto-core fontconfig',
  'mesa-vulkan-drivers',
  'ocl-icd-opencl-dev',
  'openmpi-bin',
  'nodejs npm',
  'ruby-full',
  'golang-go',
  'rustc cargo',
  'php-cli',
  'default-mysql-client',
  'docker.io',
  'xvfb x11-utils',
  'blender',
  'libhdf5-dev libnetcdf-dev',
];
const sets: readonly [suite: string, architecture: string, wanted: readonly string[]][] = [
  ['bookworm', 'amd64', [...both, 'php-illuminate-routing openjdk-17-jre-headless']],
  ['trixie', 'amd64', both.filter(names => !names.startsWith('openjdk-17'))],
  [
    'bookworm',
    'arm64',
    ['python3 tini libgomp1', 'ffmpeg libsm6 libxext6', 'build-essential git', 'libopencv-dev'],
  ],
];

for (const [suite, architecture, wanted] of sets) {
  test(`${wanted.length} sets in ${suite} for ${architecture} have the closure that apt gives them`, async () => {
    const context = { project: folder, config, store, signal: AbortSignal.timeout(1_200_000) };
    const chosen: string[] = [];
    for (const names of wanted) {
      const request = {
        kind: 'debian',
        suite,
        platform: `linux/${architecture}`,
        packages: names.split(' '),
      };
      chosen.push(
        await resolveRequest(request, context).then(closure, (error: Error) => `refused: ${error.message}`),
      );
    }
    const apt = aptChooses(folder, archiveRoots(config, 'debian')[0]!, suite, architecture, wanted);
    const compared = wanted.map((names, index) => ({ names, ...difference(chosen[index]!, apt[index]!) }));
    expect(compared.filter(({ only, missing }) => only.length + missing.length > 0)).toEqual([]);
  });
}

function closure(answer: unknown): string {
  return (answer as DebianAnswer).packages.map(({ name, version }) => `${name} ${version}`).join('\n');
}

function difference(ours: string, apts: string): { only: string[]; missing: string[] } {
  const [here, there] = [new Set(ours.split('\n')), new Set(apts.split('\n'))];
  return {
    only: [...here].filter(line => !there.has(line)),
    missing: [...there].filter(line => !here.has(line)),
  };
}
