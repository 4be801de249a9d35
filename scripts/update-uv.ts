// Pins the newest uv, or the version that is named: node scripts/update-uv.ts [VERSION]
// The file names, sizes and sha256 are those that the Python index of this machine states.
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files.ts';
import { createNetwork, readConfig } from '../src/fetch/index.ts';
import type { IndexFile } from '../src/fetch/python-index.ts';

const factsFile = fileURLToPath(new URL('../stdlib/facts/uv.json', import.meta.url));

// Of wheels for Linux those that are linked statically: they run beside any C library.
const suffixes: Readonly<Record<string, string>> = {
  'darwin/amd64': 'macosx_10_12_x86_64.whl',
  'darwin/arm64': 'macosx_11_0_arm64.whl',
  'linux/amd64': 'musllinux_1_1_x86_64.whl',
  'linux/arm64': 'musllinux_1_1_aarch64.whl',
};

const network = createNetwork(readConfig(process.env, process.cwd()));
const files: readonly IndexFile[] = await network.pages(network.config.pythonIndexes().main, 'uv', 'uv');
const version = process.argv[2] ?? newest(files);
const platforms = Object.fromEntries(
  Object.entries(suffixes).map(([platform, suffix]) => [platform, wheelOf(platform, suffix)]),
);
const facts = { source: 'the page of the project uv on the Python Package Index', version, platforms };
writeFileAtomic(factsFile, `${JSON.stringify(facts, null, 2)}\n`);
process.stdout.write(`uv ${version}\n`);

function newest(all: readonly IndexFile[]): string {
  const versions = all.flatMap(({ filename }) => /^uv-(\d+\.\d+\.\d+)-/.exec(filename)?.[1] ?? []);
  const numbers = (text: string) => text.split('.').map(Number);
  return versions.reduce((best, other) => {
    const [a, b] = [numbers(best), numbers(other)];
    const at = a.findIndex((number, index) => number !== b[index]);
    return at >= 0 && b[at]! > a[at]! ? other : best;
  });
}

function wheelOf(platform: string, suffix: string) {
  const file = files.find(
    ({ filename }) => filename.startsWith(`uv-${version}-`) && filename.endsWith(suffix),
  );
  if (file?.sha256 === undefined || file.size === undefined) {
    throw new Error(`the index has no wheel of uv ${version} for ${platform} (…${suffix})`);
  }
  return { filename: file.filename, sha256: `sha256:${file.sha256}`, size: file.size };
}
