// Renews stdlib/facts/interpreters.json: node scripts/update-interpreters.ts SUITE PACKAGE.deb …
// Which package brings the programs that scripts name in their first lines: read from the packages' own files and from
// the alternatives that their scripts register. A program of several packages goes to the one named first.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files.ts';
import { readAlternatives } from '../src/formats/alternatives.ts';
import { debEntries, readDeb } from '../src/formats/deb.ts';

const factsFile = fileURLToPath(new URL('../stdlib/facts/interpreters.json', import.meta.url));
const interpreters =
  /^(?:(?:ba|da|k|z|tc|c|r)?sh|env|perl|python|python3(?:\.\d+)?|[mg]?awk|sed|m4|make|busybox|expect|tclsh|wish|ruby|node|nodejs|lua|php|guile|Rscript|gnuplot|scala)$/;
const machine = { architecture: 'amd64', triple: 'x86_64-linux-gnu' };

const [suite, ...debs] = process.argv.slice(2);
if (suite === undefined || debs.length === 0) throw new Error('name the suite, such as bookworm, and .debs');
const found = new Map<string, string>();
for (const path of debs) {
  for (const program of await programsOf(path)) {
    if (interpreters.test(program) && !found.has(program)) found.set(program, packageOf(path));
  }
}
const facts = {
  source: `programs and alternatives of Debian packages: ${debs.map(packageOf).join(', ')}`,
  suite,
  date: new Date().toISOString().slice(0, 10),
  interpreters: Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1))),
};
writeFileAtomic(factsFile, `${JSON.stringify(facts, null, 2)}\n`);
process.stdout.write(`${found.size} interpreters\n`);

function packageOf(path: string): string {
  return basename(path).split('_', 1)[0]!;
}

/** Names in /bin and /usr/bin. */
async function programsOf(path: string): Promise<string[]> {
  const fd = openSync(path, 'r');
  try {
    const deb = readDeb(fd, fstatSync(fd).size, basename(path));
    const paths: string[] = [];
    for await (const entry of debEntries(deb, deb.data)) paths.push(`/${entry.path}`);
    let script = '';
    for await (const entry of debEntries(deb, deb.control)) {
      if (entry.path !== 'postinst') continue;
      for await (const part of entry.content) script += Buffer.from(part).toString('utf8');
    }
    const { alternatives } = readAlternatives(script, machine);
    for (const { link, slaves } of alternatives) paths.push(link, ...slaves.map(slave => slave.link));
    return paths.flatMap(each => /^(?:\/usr)?\/bin\/([^/]+)$/.exec(each)?.[1] ?? []);
  } finally {
    closeSync(fd);
  }
}
