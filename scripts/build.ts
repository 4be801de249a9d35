// npm run build: the command line as a bundle in dist/, or in the folder that is named, with further modules that are named
// after it. It starts faster than the
// sources: fewer files, no types to strip. Files of dist/ stand for the sources' places, so that
// `new URL('../../stdlib', import.meta.url)` means the same in both: dist/stdlib is a copy, and what is started on a
// thread of its own is an entry of its own.
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const [, , folder = 'dist', ...more] = process.argv;
const dist = join(root, folder);
// Where it is made; it takes dist's place when it is whole.
const made = `${dist}.new`;

/** Modules that are started by their place: the command line and the threads. */
const entries = [
  'src/cli/start',
  'src/description/evaluate',
  'src/graph/worker',
  'src/language/program',
  'registry-client/src/threads/pull-thread',
  ...more,
];

/** Small packages that many commands load; the others are loaded from node_modules by the commands that use them. */
const bundled = ['commander', 'chevrotain', 'zod', '@cogpack'];

/** What every command loads, and what every evaluation loads, as one file each: each file costs about 1 ms. */
const together = [
  { name: 'base', test: /src\/base\/(error|files|did-you-mean)|src\/cli\/numbers/ },
  { name: 'language', test: /src\/language\/|\/grammar\// },
];

const inDist = (module: string): string => relative(root, module).replace(/\.ts$/, '.js');

/** Keeps import.meta.url what it is in the sources, whichever chunk a module lands in. */
const places: Plugin = {
  name: 'places',
  transform(code, module) {
    if (!module.endsWith('.ts') || !code.includes('import.meta.url')) return null;
    return { code: code.replaceAll('import.meta.url', `__placeOf__('${inDist(module)}')`), map: null };
  },
  renderChunk(code, { fileName }) {
    return code.replace(/__placeOf__\(["'`]([^"'`]+)["'`]\)/g, (_, place: string) => {
      const path = posix.relative(posix.dirname(fileName), place);
      return `require('node:url').pathToFileURL(require('node:path').join(__dirname, '${path}')).href`;
    });
  },
};

/** The sources look for Chevrotain's single file; here it is an entry, loaded for a text with a mistake. */
const chevrotain: Plugin = {
  name: 'chevrotain',
  load(module) {
    if (module !== join(root, 'grammar/chevrotain.ts')) return null;
    return `import { createRequire } from 'node:module';
      export const loadChevrotain = () => createRequire(import.meta.url)('./chevrotain.js');`;
  },
};

/** Commander starts other programs as subcommands; here none is one, and the module costs 5 ms. */
const noChildProcess: Plugin = {
  name: 'no-child-process',
  resolveId(id, importer) {
    return isChildProcessOfCommander(id, importer) ? '\0none' : null;
  },
  load: id => (id === '\0none' ? 'export default {};' : null),
};

function isChildProcessOfCommander(id: string, importer: string | undefined): boolean {
  return id === 'node:child_process' && importer?.includes('/commander/') === true;
}

const began = new Date();
rmSync(made, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  input: {
    ...Object.fromEntries(entries.filter(isThere).map(entry => [entry, join(root, `${entry}.ts`)])),
    'grammar/chevrotain': join(root, 'node_modules/chevrotain/lib/chevrotain.min.mjs'),
  },
  platform: 'node',
  external: (id, importer) =>
    /^[@a-z]/.test(id) && !bundled.includes(id.split('/')[0]!) && !isChildProcessOfCommander(id, importer),
  plugins: [places, chevrotain, noChildProcess],
});
const { output } = await bundle.write({
  dir: made,
  format: 'cjs',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js',
  codeSplitting: { groups: together },
  minify: { compress: true, mangle: false, codegen: false },
});
// CommonJS, since Node loads it faster: an import of node:fs as a module alone costs 3 ms.
writeFileSync(join(made, 'package.json'), '{ "type": "commonjs" }\n');
cpSync(join(root, 'stdlib'), join(made, 'stdlib'), { recursive: true });
const modules = output.flatMap(item => (item.type === 'chunk' ? item.moduleIds : []));
writeFileSync(join(made, 'third-party.txt'), licences(modules));
rmSync(dist, { recursive: true, force: true });
renameSync(made, dist);
// A source that changes while this runs is newer than the bundle.
utimesSync(join(dist, 'src/cli/start.js'), began, began);

function isThere(entry: string): boolean {
  return existsSync(join(root, `${entry}.ts`));
}

// The licences of the packages that are in the bundle.
function licences(ids: readonly string[]): string {
  const packages = new Set(ids.flatMap(id => /.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []));
  return [...packages]
    .sort()
    .map(folder => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
      return `${name} ${version} (${license})\n\n${text.trim()}\n`;
    })
    .join(`\n${'-'.repeat(72)}\n\n`);
}
