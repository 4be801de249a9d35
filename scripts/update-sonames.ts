// Renews stdlib/facts/sonames.json: node scripts/update-sonames.ts SUITE [PACKAGE.deb …]
// The facts are the shlibs files (deb-shlibs(5)) of the libraries that are installed on a Debian system of that suite,
// and of the .debs that are named. A library of several packages goes to the first by name.
import { closeSync, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files.ts';
import { debEntries, readDeb } from '../src/formats/deb.ts';

const factsFile = fileURLToPath(new URL('../stdlib/facts/sonames.json', import.meta.url));
const installed = '/var/lib/dpkg/info';
const [suite, ...debs] = process.argv.slice(2);
if (suite === undefined) throw new Error('name the suite, such as bookworm');

const texts = [
  ...readdirSync(installed)
    .filter(name => name.endsWith('.shlibs'))
    .map(name => ({
      package: name.replace(/(:[a-z0-9-]+)?\.shlibs$/, ''),
      text: readFileSync(join(installed, name), 'utf8'),
    })),
  ...(await Promise.all(debs.map(readShlibs))),
];

const found = new Map<string, string>();
for (const { package: from, text } of texts.toSorted((a, b) => (a.package < b.package ? -1 : 1))) {
  for (const [soname, provider] of sonamesOf(text)) {
    if (provider === from && !found.has(soname)) found.set(soname, provider);
  }
}
const sonames = Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
const facts = {
  source: 'shlibs files of Debian packages',
  suite,
  date: new Date().toISOString().slice(0, 10),
  sonames,
};
writeFileAtomic(factsFile, `${JSON.stringify(facts, null, 2)}\n`);
process.stdout.write(`${found.size} libraries\n`);

/** `[type:] library version dependency…`: `libGL 1 libgl1` is libGL.so.1, `libdb 5.3` is libdb-5.3.so as well. */
function sonamesOf(text: string): [string, string][] {
  return text.split('\n').flatMap((line): [string, string][] => {
    const match = /^([^\s:#]\S*) (\S+) ([a-z0-9][a-z0-9.+-]*)/.exec(line);
    if (match === null) return [];
    const [, library, version, provider] = match;
    const dashed = /^\d+\.\d+/.test(version!) ? [`${library}-${version}.so`] : [];
    return [`${library}.so.${version}`, ...dashed].map(soname => [soname, provider!]);
  });
}

async function readShlibs(path: string): Promise<{ package: string; text: string }> {
  const fd = openSync(path, 'r');
  try {
    const deb = readDeb(fd, fstatSync(fd).size, basename(path));
    let text = '';
    for await (const entry of debEntries(deb, deb.control)) {
      if (entry.path !== 'shlibs') continue;
      for await (const part of entry.content) text += Buffer.from(part).toString('utf8');
    }
    return { package: basename(path).split('_', 1)[0]!, text };
  } finally {
    closeSync(fd);
  }
}
