// The GPU architectures of a real CUDA library as cuobjdump lists them.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createGpuCodeFinder } from '../../src/formats/elf-fatbin.ts';

const wheels = ['nvidia-cuda-cuobjdump==13.5.37', 'nvidia-nvjpeg-cu12==12.4.0.76'];
const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;
const dir = mkdtempSync(join(tmpdir(), 'cogpack-gpu-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.skipIf(!hasPip || process.arch !== 'x64')('libnvjpeg has the architectures that cuobjdump lists', () => {
  const downloads = join(tmpdir(), 'cogpack-gpu-wheels');
  mkdirSync(downloads, { recursive: true });
  const pip = (...args: string[]) => execFileSync('python3', ['-m', 'pip', ...args], { stdio: 'pipe' });
  pip('download', '--quiet', '--no-deps', '--only-binary=:all:', `--dest=${downloads}`, ...wheels);
  const files = readdirSync(downloads).map(name => join(downloads, name));
  pip('install', '--quiet', '--no-deps', '--no-index', `--target=${dir}`, ...files);
  const library = join(dir, 'nvidia/nvjpeg/lib/libnvjpeg.so.12');
  const cuobjdump = join(dir, 'nvidia/cu13/bin/cuobjdump');
  const listed = (kind: 'elf' | 'ptx') => {
    const text = execFileSync(cuobjdump, [`--list-${kind}`, library], { encoding: 'utf8' });
    const numbers = [...text.matchAll(/\.sm_(\d+)\./g)].map(match => Number(match[1]));
    return [...new Set(numbers)].sort((a, b) => a - b);
  };

  const finder = createGpuCodeFinder();
  finder.write(readFileSync(library));
  expect(finder.result()).toEqual({ cubin: listed('elf'), ptx: listed('ptx') });
  expect(listed('elf').length).toBeGreaterThan(5);
});
