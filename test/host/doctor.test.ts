// A folder stands for a host: its /proc and /sys, and programs that print what the real ones print.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startServer } from '../../registry-client/src/server.ts';
import { gpuFacts } from '../../src/gpu/facts.ts';
import { containerFindings } from '../../src/host/containers.ts';
import { driverVersion, gpuFindings, listGpus } from '../../src/host/gpu.ts';
import type { Host } from '../../src/host/host.ts';
import { registryFindings } from '../../src/host/registries.ts';
import { cogpack } from '../support/cli.ts';

let root: string;
let host: Host;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cogpack-host-'));
  host = { root, env: { PATH: join(root, 'bin') } };
});
afterEach(() => rmSync(root, { recursive: true }));

function file(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function program(name: string, script: string): void {
  file(`bin/${name}`, `#!/bin/sh\n${script}\n`);
  chmodSync(join(root, 'bin', name), 0o755);
}

function pciGpu(): void {
  file('sys/bus/pci/devices/0000:3b:00.0/vendor', '0x10de\n');
  file('sys/bus/pci/devices/0000:3b:00.0/class', '0x030200\n');
  file('sys/bus/pci/devices/0000:00:02.0/vendor', '0x8086\n');
  file('sys/bus/pci/devices/0000:00:02.0/class', '0x030000\n');
}

const kernelModule =
  'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version:  gcc\n';
const openModule =
  'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.82.07  Release Build  (root@host)\n';
const smi = `case "$1" in
*compute_cap*) echo "NVIDIA H100 80GB HBM3, 9.0, 81559 MiB"; echo "Tesla T4, 7.5, 15360 MiB";;
*driver_version*) echo 570.133.20; echo 570.133.20;;
esac`;

const states = (findings: readonly { name: string; state: string }[]) =>
  findings.map(({ name, state }) => `${name}: ${state}`);

test('a machine without a GPU lacks nothing', () => {
  expect(states(gpuFindings(host, gpuFacts()))).toEqual([
    'NVIDIA driver: absent',
    'GPUs: absent',
    'NVIDIA container toolkit: absent',
  ]);
});

test('a GPU without a driver is told, with how to get one', () => {
  pciGpu();
  const findings = gpuFindings(host, gpuFacts());
  expect(states(findings)).toEqual([
    'NVIDIA driver: missing',
    'GPUs: missing',
    'NVIDIA container toolkit: missing',
  ]);
  expect(findings[0]!.cure).toContain('nvidia-driver');
  expect(findings[1]!.found).toContain('1 on the PCI bus');
});

test.each([
  [kernelModule, '535.104.05'],
  [openModule, '580.82.07'],
])('the driver is read from the kernel: %s', (text, version) => {
  file('proc/driver/nvidia/version', text);
  expect(driverVersion(host)).toBe(version);
});

test('the driver is asked of nvidia-smi where the kernel does not show it', () => {
  program('nvidia-smi', smi);
  expect(driverVersion(host)).toBe('570.133.20');
});

test('a driver is told with the CUDA that it runs', () => {
  file('proc/driver/nvidia/version', kernelModule);
  program('nvidia-smi', smi);
  program('nvidia-ctk', 'echo NVIDIA Container Toolkit CLI version 1.17.4; echo commit: 9b69590');
  const findings = gpuFindings(host, gpuFacts());
  expect(findings.map(({ found }) => found)).toEqual([
    '535.104.05: runs CUDA 12.x and older, with all functions up to 12.2',
    'NVIDIA H100 80GB HBM3, sm_90, 81559 MiB; Tesla T4, sm_75, 15360 MiB',
    'NVIDIA Container Toolkit CLI version 1.17.4',
  ]);
  expect(listGpus(host).map(({ arch }) => arch)).toEqual(['sm_90', 'sm_75']);
});

test('a driver whose GPUs are not to be seen is told', () => {
  file('proc/driver/nvidia/version', kernelModule);
  program('nvidia-smi', 'echo No devices were found; exit 6');
  expect(gpuFindings(host, gpuFacts())[1]).toMatchObject({ name: 'GPUs', state: 'missing' });
});

test('runtimes and sandbox tools that are not there are told, with the package that has them', () => {
  expect(states(containerFindings(host))).toEqual([
    'container runtime: missing',
    'container engine: absent',
    'user namespaces: missing',
    'bubblewrap: missing',
  ]);
  program('runc', 'echo runc version 1.1.5');
  program('unshare', 'echo "unshare: unshare failed: Operation not permitted" >&2; exit 1');
  program('bwrap', 'test "$1" = --version && echo bubblewrap 0.8.0');
  file('proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1\n');
  const findings = containerFindings(host);
  expect(findings[0]).toMatchObject({ state: 'ok', found: 'runc version 1.1.5' });
  expect(findings[2]!.cure).toContain('apparmor_restrict_unprivileged_userns=0');
  expect(findings[3]).toMatchObject({
    state: 'missing',
    found: expect.stringContaining('cannot make a sandbox'),
  });
});

test.each([
  ['proc/sys/user/max_user_namespaces', '0', 'the kernel allows none'],
  ['proc/sys/kernel/unprivileged_userns_clone', '0', 'for root alone'],
])('why user namespaces cannot be made is read from %s', (path, value, found) => {
  program('unshare', 'exit 1');
  file(path, `${value}\n`);
  expect(containerFindings(host)[2]!.found).toBe(found);
});

test('a registry is reached, or what stands against it is told', async () => {
  const server = await startServer({ dir: join(root, 'registry') });
  try {
    const findings = await registryFindings(
      [`${new URL(server.url).host}/iris:1`, 'localhost:1/iris:1', 'not a reference'],
      new AbortController().signal,
    );
    expect(findings.map(({ state }) => state)).toEqual(['ok', 'missing', 'missing']);
    expect(findings[0]!.found).toBe('reached; it has no 1');
    expect(findings[1]!.cure).toBeTruthy();
  } finally {
    await server.close();
  }
});

test('the command ends with 1 when something is missing, and prints JSON', async () => {
  const { code, stdout } = await cogpack(['doctor', '--json', 'localhost:1/iris:1']);
  expect(code).toBe(1);
  const { sound, findings } = JSON.parse(stdout) as { sound: boolean; findings: { name: string }[] };
  expect(sound).toBe(false);
  expect(findings.map(({ name }) => name)).toContain('registry localhost:1/iris:1');
});
