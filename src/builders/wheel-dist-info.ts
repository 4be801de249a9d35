// Reads a wheel's .dist-info and holds it against the wheel's file name: a wheel that calls itself otherwise than it
// was asked for is refused.
import { CogpackError } from '../base/error.ts';
import {
  type EntryPoint,
  normalName,
  normalVersion,
  parseEntryPoints,
  parseHeaders,
  parseRecord,
  parseWheelName,
  type RecordLine,
} from '../formats/wheel-metadata.ts';
import type { Zip, ZipEntry } from '../formats/zip.ts';
import { entryBytes } from '../formats/zip-read.ts';

export type DistInfo = {
  /** The folder's name in the wheel, such as `joblib-1.4.2.dist-info`. */
  readonly folder: string;
  /** The distribution's name as METADATA has it. */
  readonly name: string;
  readonly scripts: readonly EntryPoint[];
  readonly record: readonly RecordLine[];
};

const maxSize = 64 * 2 ** 20;

/** Throws `wheel/name`, `wheel/dist-info`, `wheel/metadata`, `wheel/record`, `wheel/entry-points`. */
export async function readDistInfo(wheel: string, zip: Zip): Promise<DistInfo> {
  const expected = parseWheelName(wheel);
  if (expected === undefined) {
    throw new CogpackError(
      'wheel/name',
      `${wheel} is not a wheel's file name: name-version-python-abi-platform.whl`,
    );
  }
  const folder = findFolder(wheel, zip, expected.name);
  const text = (file: string) => readText(wheel, zip, `${folder}/${file}`);
  const metadata = parseHeaders(required(wheel, `${folder}/METADATA`, await text('METADATA')));
  const name = metadata.get('name') ?? '';
  const version = metadata.get('version') ?? '';
  if (
    normalName(name) !== normalName(expected.name) ||
    normalVersion(version) !== normalVersion(expected.version)
  ) {
    throw new CogpackError(
      'wheel/metadata',
      `${wheel}: its METADATA says ${name || 'no name'} ${version || 'no version'}; expected ${expected.name} ${expected.version}`,
    );
  }
  checkFormat(wheel, required(wheel, `${folder}/WHEEL`, await text('WHEEL')));
  return {
    folder,
    name,
    scripts: scriptsOf(wheel, (await text('entry_points.txt')) ?? ''),
    record: recordOf(wheel, zip, folder, required(wheel, `${folder}/RECORD`, await text('RECORD'))),
  };
}

function findFolder(wheel: string, { entries }: Zip, name: string): string {
  const tops = new Set(entries.map(entry => entry.name.split('/', 1)[0]!));
  const folders = [...tops].filter(top => top.endsWith('.dist-info'));
  const [folder] = folders;
  if (folder === undefined || folders.length > 1) {
    const found = folders.length === 0 ? 'none' : folders.join(', ');
    throw new CogpackError('wheel/dist-info', `${wheel}: expected one .dist-info folder; found ${found}`);
  }
  if (!normalName(folder).startsWith(`${normalName(name)}-`)) {
    throw new CogpackError(
      'wheel/dist-info',
      `${wheel}: its ${folder} belongs to another package than ${name}`,
    );
  }
  return folder;
}

function checkFormat(wheel: string, text: string): void {
  const version = parseHeaders(text).get('wheel-version') ?? '';
  if (/^1(\.|$)/.test(version)) return;
  throw new CogpackError(
    'wheel/metadata',
    `${wheel}: its Wheel-Version is ${version || 'missing'}; expected 1.x`,
    {
      hint: 'lock another version of the package, or use a newer cogpack',
    },
  );
}

function scriptsOf(wheel: string, text: string): EntryPoint[] {
  const { scripts, faults } = parseEntryPoints(text);
  if (faults.length > 0) {
    throw new CogpackError(
      'wheel/entry-points',
      `${wheel}: entry_points.txt has a script that cannot be made: ${faults[0]}; expected name = module:function`,
    );
  }
  return scripts;
}

function recordOf(wheel: string, { entries }: Zip, folder: string, text: string): readonly RecordLine[] {
  const record = parseRecord(text);
  if (record === undefined) {
    throw new CogpackError('wheel/record', `${wheel}: ${folder}/RECORD is not a list of path,hash,size`);
  }
  const names = new Set(entries.map(entry => entry.name));
  const missing = record.find(({ path }) => !names.has(path) && !path.endsWith('/') && !isSignature(path));
  if (missing !== undefined) {
    throw new CogpackError(
      'wheel/record',
      `${wheel}: RECORD lists ${missing.path}, which is not in the wheel`,
      {
        hint: 'the wheel is incomplete as published; lock another version of the package',
      },
    );
  }
  return record;
}

/** Signatures of RECORD are neither listed in it nor kept true by an installation. */
export function isSignature(path: string): boolean {
  return path.endsWith('.dist-info/RECORD.jws') || path.endsWith('.dist-info/RECORD.p7s');
}

async function readText(wheel: string, zip: Zip, path: string): Promise<string | undefined> {
  const entry = zip.entries.find(({ name }) => name === path);
  return entry && (await boundedBytes(wheel, zip, entry)).toString('utf8');
}

/** The contents of an entry that is to be held in memory. Throws `wheel/size`. */
export async function boundedBytes(wheel: string, zip: Zip, entry: ZipEntry): Promise<Buffer> {
  if (entry.size <= maxSize) return entryBytes(zip, entry);
  throw new CogpackError(
    'wheel/size',
    `${wheel}: ${entry.name} has ${entry.size} bytes; the most here is ${maxSize}`,
  );
}

function required(wheel: string, path: string, text: string | undefined): string {
  if (text !== undefined) return text;
  throw new CogpackError('wheel/dist-info', `${wheel}: it has no ${path}, which every wheel has`);
}
