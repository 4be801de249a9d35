// NVIDIA's part of a host: GPUs on the PCI bus (vendor 10de, class 03: display controllers), the driver as the kernel
// or nvidia-smi tells it, and the container toolkit, which gives a container the driver's libraries.
import type { GpuFacts } from '../gpu/facts.ts';
import { compareDotted } from '../gpu/versions.ts';
import { type Finding, type Host, list, readText, run } from './host.ts';

export type Gpu = {
  readonly name: string;
  /** `sm_90`; undefined where the driver does not say. */
  readonly arch: string | undefined;
  readonly memory: string;
};

export function gpuFindings(host: Host, facts: GpuFacts): Finding[] {
  const devices = pciGpus(host);
  const gpus = listGpus(host);
  const driver = driverVersion(host);
  const has = devices > 0 || gpus.length > 0;
  return [driverFinding(driver, has, facts), gpuFinding(driver, gpus, devices), toolkitFinding(host, has)];
}

function driverFinding(driver: string | undefined, has: boolean, facts: GpuFacts): Finding {
  const name = 'NVIDIA driver';
  if (driver !== undefined) {
    const cuda = facts.cuda.toolkits.findLast(row => compareDotted(driver, row.minimum) >= 0)?.cuda;
    const full = facts.cuda.toolkits.findLast(row => compareDotted(driver, row.driver) >= 0)?.cuda;
    const runs =
      cuda === undefined
        ? 'older than every CUDA that is known'
        : `runs CUDA ${cuda.split('.')[0]}.x and older, with all functions up to ${full ?? 'none'}`;
    return { name, state: 'ok', found: `${driver}: ${runs}` };
  }
  if (!has) return { name, state: 'absent', found: 'none, and no NVIDIA GPU' };
  return {
    name,
    state: 'missing',
    found: 'an NVIDIA GPU is here, and no driver of it is loaded',
    cure: "install the distribution's driver (Debian: apt-get install nvidia-driver; Ubuntu: ubuntu-drivers install), then start the machine anew",
  };
}

function gpuFinding(driver: string | undefined, gpus: readonly Gpu[], devices: number): Finding {
  const name = 'GPUs';
  if (gpus.length > 0) {
    const words = gpus.map(gpu => [gpu.name, gpu.arch, gpu.memory].filter(Boolean).join(', '));
    return { name, state: 'ok', found: words.join('; ') };
  }
  if (driver === undefined) {
    return devices === 0
      ? { name, state: 'absent', found: 'none; models without a GPU run here' }
      : {
          name,
          state: 'missing',
          found: `${devices} on the PCI bus, not usable without a driver`,
          cure: 'install the driver',
        };
  }
  return {
    name,
    state: 'missing',
    found: 'the driver is loaded, and nvidia-smi shows no GPU',
    cure: 'run nvidia-smi and look into the kernel log (dmesg | grep -i nvrm); in a container, start it with its GPUs',
  };
}

function toolkitFinding(host: Host, has: boolean): Finding {
  const name = 'NVIDIA container toolkit';
  for (const program of ['nvidia-ctk', 'nvidia-container-cli']) {
    const ended = run(host, program, ['--version']);
    if (ended?.code === 0) return { name, state: 'ok', found: ended.stdout.split('\n')[0]!.trim() };
  }
  if (!has) return { name, state: 'absent', found: 'none, and no NVIDIA GPU' };
  return {
    name,
    state: 'missing',
    found: "none: containers would not get the driver's libraries",
    cure: "install nvidia-container-toolkit (NVIDIA's installation guide of it), then: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
  };
}

/** From /proc/driver/nvidia/version, or nvidia-smi where a container hides it. */
export function driverVersion(host: Host): string | undefined {
  const text = readText(host, '/proc/driver/nvidia/version');
  const version = /\b(?:Kernel Module|Module for \S+)\s+(?:for \S+\s+)?(\d{3,}(?:\.\d+)+)/.exec(
    text ?? '',
  )?.[1];
  if (version !== undefined) return version;
  const ended = run(host, 'nvidia-smi', ['--query-gpu=driver_version', '--format=csv,noheader']);
  return ended?.code === 0 ? /^\d{3,}(?:\.\d+)+/.exec(ended.stdout.trim())?.[0] : undefined;
}

export function listGpus(host: Host): Gpu[] {
  const ended = run(host, 'nvidia-smi', [
    '--query-gpu=name,compute_cap,memory.total',
    '--format=csv,noheader',
  ]);
  if (ended?.code !== 0) return [];
  return ended.stdout
    .trim()
    .split('\n')
    .filter(line => line.includes(','))
    .map(line => {
      const [name = '', capability = '', memory = ''] = line.split(',').map(part => part.trim());
      const arch = /^\d+\.\d$/.test(capability) ? `sm_${capability.replace('.', '')}` : undefined;
      return { name, arch, memory };
    });
}

function pciGpus(host: Host): number {
  const devices = '/sys/bus/pci/devices';
  return list(host, devices).filter(
    device =>
      readText(host, `${devices}/${device}/vendor`)?.trim() === '0x10de' &&
      readText(host, `${devices}/${device}/class`)?.startsWith('0x03'),
  ).length;
}
