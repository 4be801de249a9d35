// configure@4: what the maintainer scripts of packages would have made in a fresh system, as a layer, without running
// one: the trusted certificate authorities in /etc/ssl/certs, the links of update-alternatives, fontconfig's usual
// choices, and /etc/ld.so.cache where the loader has need of it. Scripts are read from the .debs, files from the
// layers made of them. docs/debian.md tells what is done and what is not.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { z } from 'zod';
import type { Descriptor } from '../base/digest.ts';
import { CogpackError } from '../base/error.ts';
import { machineOf } from '../check/machine.ts';
import { type Alternative, chooseAlternatives, readAlternatives } from '../formats/alternatives.ts';
import { certificateFiles } from '../formats/certificates.ts';
import { debEntries, readDeb } from '../formats/deb.ts';
import { comparePaths } from '../formats/paths.ts';
import type { BuildContext, Builder } from './builder.ts';
import { type Choice, readSystem, type SystemFiles, usrPath } from './configure-files.ts';
import { isLibraryName, isLoaderConfiguration, loaderCacheOf } from './configure-libraries.ts';
import { writeLayer } from './layer.ts';

const args = z.strictObject({
  /** The packages lie on a base image, whose files are not among the layers. */
  base: z.literal(true).optional(),
});
type Args = z.infer<typeof args>;

const maxScript = 4 << 20;
const authorities = 'usr/share/ca-certificates/';
const architectures: Readonly<Record<string, string>> = {
  'x86_64-linux-gnu': 'amd64',
  'aarch64-linux-gnu': 'arm64',
};

const fontFolder = 'etc/fonts/conf.d';
const fontFiles = 'usr/share/fontconfig/conf.avail';
/** What the questions of fontconfig-config say unless they are answered: slight hinting, no bitmap fonts. */
const fontChoices: readonly (readonly string[])[] = [
  ['10-hinting-slight.conf'],
  ['70-no-bitmaps-except-emoji.conf', '70-no-bitmaps.conf'],
];

type Output = { readonly bytes: Buffer } | { readonly target: string };

export const configure: Builder<Args> = {
  name: 'configure',
  version: 4,
  thread: 'worker',
  args,
  async build({ base = false }, inputs, context) {
    const machine = machineOf(context.platform);
    if (machine === undefined) {
      throw new CogpackError(
        'configure/platform',
        `${context.name}: Debian packages for ${context.platform} cannot be configured; for linux/amd64 and linux/arm64 they can`,
      );
    }
    const files = await readSystem(inputs.layers ?? [], choiceOf, context);
    const scriptMachine = { architecture: architectures[machine.triple]!, triple: machine.triple };
    const alternatives: Alternative[] = [];
    for (const [index, deb] of (inputs.debs ?? []).entries()) {
      const script = await readPostinst(deb, context);
      alternatives.push(...readAlternatives(script, scriptMachine).alternatives);
      context.progress(index + 1, inputs.debs!.length);
    }
    const cache = loaderCacheOf(files, machine);
    if (base && cache !== undefined) {
      throw new CogpackError(
        'configure/loader',
        `${context.name}: a package adds a folder of libraries to /etc/ld.so.conf.d, and the base's /etc/ld.so.cache cannot be extended`,
        { hint: 'use a base that has the package already, or none' },
      );
    }
    const outputs = new Map<string, Output>([
      ...certificateOutputs(files),
      ...alternativeOutputs(alternatives, files),
      ...fontOutputs(files),
      ...(cache === undefined ? [] : [['etc/ld.so.cache', { bytes: cache }] as const]),
    ]);
    return await writeLayer(context, layer => {
      for (const [path, output] of [...outputs].sort(([a], [b]) => comparePaths(a, b))) {
        if ('bytes' in output) layer.file(path, 0o644, output.bytes);
        else layer.link(path, output.target);
      }
    });
  },
};

function choiceOf(path: string): Choice {
  if (isAuthority(path) || isLoaderConfiguration(path)) return 'bytes';
  return isLibraryName(path.slice(path.lastIndexOf('/') + 1)) ? 'machine' : undefined;
}

function isAuthority(path: string): boolean {
  return path.startsWith(authorities) && path.endsWith('.crt');
}

function certificateOutputs({ contents }: SystemFiles): [string, Output][] {
  const found = [...contents].filter(([path]) => isAuthority(path));
  if (found.length === 0) return [];
  const { list, bundle, links } = certificateFiles(
    found.map(([path, pem]) => ({ path: path.slice(authorities.length), pem })),
  );
  return [
    ['etc/ca-certificates.conf', { bytes: Buffer.from(list) }],
    ['etc/ssl/certs/ca-certificates.crt', { bytes: bundle }],
    ...links.map(({ name, target }): [string, Output] => [`etc/ssl/certs/${name}`, { target }]),
  ];
}

// As the program does, a link is not put in the place of a package's own file.
function alternativeOutputs(
  alternatives: readonly Alternative[],
  { entries }: SystemFiles,
): [string, Output][] {
  const chosen = chooseAlternatives(alternatives, path => entries.has(usrPath(path)));
  return chosen.flatMap(({ link, name, path }): [string, Output][] => {
    const place = usrPath(link);
    const isFree = !entries.has(place) || entries.get(place)?.type === 'link';
    return [
      [`etc/alternatives/${name}`, { target: path }],
      ...(isFree ? [[place, { target: `/etc/alternatives/${name}` }] as [string, Output]] : []),
    ];
  });
}

function fontOutputs({ entries }: SystemFiles): [string, Output][] {
  return fontChoices.flatMap((names): [string, Output][] => {
    const name = names.find(candidate => entries.has(`${fontFiles}/${candidate}`));
    if (name === undefined || entries.has(`${fontFolder}/${name}`)) return [];
    return [[`${fontFolder}/${name}`, { target: `/${fontFiles}/${name}` }]];
  });
}

/** Empty for a package without one. */
async function readPostinst(deb: Descriptor, { name, store }: BuildContext): Promise<string> {
  const fd = openSync(store.blobPath(deb), 'r');
  try {
    const opened = readDeb(fd, fstatSync(fd).size, `${name} (${deb.digest})`);
    for await (const { path, type, size, content } of debEntries(opened, opened.control)) {
      if (path !== 'postinst' || type !== 'file') continue;
      if (size > maxScript) {
        throw new CogpackError(
          'configure/size',
          `${opened.label}: its postinst has ${size} bytes; the most here is ${maxScript}`,
        );
      }
      const parts: Uint8Array[] = [];
      for await (const part of content) parts.push(part);
      return Buffer.concat(parts).toString('utf8');
    }
    return '';
  } finally {
    closeSync(fd);
  }
}
