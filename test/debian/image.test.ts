// An image of real packages whose scripts never ran, started under crun: what they would have made is there and works.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cogpack, output } from '../support/cli.ts';
import { runBundle, unpack } from '../support/container.ts';

let dir: string;
let bundle: string;

// libfakeroot brings a folder for the loader, libblas3 and less bring alternatives.
const description = `local cog = import 'cogpack';
cog.model {
  python: '3.11',
  apt: ['ca-certificates', 'curl', 'less', 'libblas3', 'libfakeroot'],
  blocks+:: { debian+: { archives: ['debian', 'debian-security'] } },
}
`;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'cogpack-debian-'));
  writeFileSync(join(dir, 'cogpack.jsonnet'), description);
  const store = ['--store', join(dir, 'store')];
  for (const args of [['lock'], ['realise', '--output', `oci:${join(dir, 'layout')}`]]) {
    const { code, stderr } = await cogpack([args[0]!, dir, ...args.slice(1), ...store]);
    if (code !== 0) throw new Error(stderr);
  }
  bundle = join(dir, 'bundle');
  await unpack(join(dir, 'layout'), 'latest', bundle);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function inContainer(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runBundle(bundle, args);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
  return stdout;
}

test('archives that are named reach the lock', () => {
  const lock = readFileSync(join(dir, 'cogpack.lock'), 'utf8');
  expect(lock).toMatch(/"archives":\s*\[\s*"debian",\s*"debian-security"\s*\]/);
});

test('Python and curl trust the authorities of ca-certificates', async () => {
  const program = 'import ssl; print(len(ssl.create_default_context().get_ca_certs()))';
  expect(Number(await inContainer('python3', '-c', program))).toBeGreaterThan(100);
  const byHash = `import glob, os, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(capath="/etc/ssl/certs")
print(len(glob.glob("/etc/ssl/certs/*.0")), all(os.path.exists(f) for f in glob.glob("/etc/ssl/certs/*")))`;
  expect(await inContainer('python3', '-c', byHash)).toMatch(/^1\d\d True\n$/);
  expect(await inContainer('curl', '--version')).toMatch(/^curl /);
});

test('alternatives are programs and libraries that work', async () => {
  expect(await inContainer('awk', 'BEGIN { print 6 * 7 }')).toBe('42\n');
  expect(await inContainer('pager', '--version')).toMatch(/^less /);
  const load = 'import ctypes; ctypes.CDLL("libblas.so.3").ddot_; print("loaded")';
  expect(await inContainer('python3', '-c', load)).toBe('loaded\n');
});

test("the loader finds libraries in a package's own folder by ld.so.cache", async () => {
  const load = `import ctypes
ctypes.CDLL("libfakeroot-sysv.so")
print([line.split()[-1] for line in open("/proc/self/maps") if "fakeroot" in line][0])`;
  expect(await inContainer('python3', '-c', load)).toBe(
    '/usr/lib/x86_64-linux-gnu/libfakeroot/libfakeroot-sysv.so\n',
  );
  const listed = await output('/usr/sbin/ldconfig', ['-p', '-C', join(bundle, 'rootfs/etc/ld.so.cache')]);
  expect(listed).toMatch(/\tlibc\.so\.6 .* => \/lib\/x86_64-linux-gnu\/libc\.so\.6\n/);
});

test('the links into /usr, users and groups of a new system are there', async () => {
  const links = 'import os; print(os.readlink("/bin"), os.readlink("/lib"))';
  expect(await inContainer('python3', '-c', links)).toBe('usr/bin usr/lib\n');
  const user = 'import grp, os, pwd; print(pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(0).gr_name)';
  expect(await inContainer('python3', '-c', user)).toBe('root root\n');
});
