// cogpack doctor: what this machine has for building and running models, what it lacks, and how to get it.
import type { Command } from 'commander';
import { gpuFacts } from '../gpu/facts.ts';
import { containerFindings } from '../host/containers.ts';
import { gpuFindings } from '../host/gpu.ts';
import type { Finding, Host } from '../host/host.ts';
import { registryFindings } from '../host/registries.ts';
import { interruptSignal } from './terminal.ts';

export function add(program: Command): void {
  program
    .command('doctor')
    .description('Tell what this machine has for models: driver, GPUs, runtime, sandbox, registries.')
    .argument('[references...]', 'images whose registries are to be reached')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ cogpack doctor localhost:5000/iris:1')
    .action(async (references: string[], flags: { json?: boolean }) => {
      const host: Host = { root: '/', env: process.env };
      const findings = [
        ...gpuFindings(host, gpuFacts()),
        ...containerFindings(host),
        ...(references.length > 0 ? await registryFindings(references, interruptSignal()) : []),
      ];
      const sound = findings.every(({ state }) => state !== 'missing');
      process.stdout.write(flags.json ? `${JSON.stringify({ sound, findings }, null, 2)}\n` : text(findings));
      if (!sound) process.exitCode = 1;
    });
}

function text(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length)) + 2;
  const words = { ok: 'ok     ', absent: '-      ', missing: 'missing' };
  return findings
    .map(({ name, state, found, cure }) => {
      const line = `${words[state]}  ${name.padEnd(width)}${found}\n`;
      return cure === undefined ? line : `${line}${' '.repeat(9 + width)}→ ${cure}\n`;
    })
    .join('');
}
