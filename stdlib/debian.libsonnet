// The block `debian`: the interpreter and the apt packages from pinned .debs, without running a maintainer script.
// What the scripts of a new system would do is done by the tree `root` and by `configure`: docs/debian.md lists it. On a
// base, what it has is left out.
local bases = import 'base.libsonnet';
local cog = import 'cog.libsonnet';
local derivation = std.native('derivation');
local fetch = import 'fetch.libsonnet';

local link(path, target) = { type: 'link', path: path, target: target };
local text(path, lines) = { type: 'text', path: path, executable: false, text: std.lines(lines) };

local filenameOf(package) = std.reverse(std.split(package.filename, '/'))[0];

local root = derivation({
  name: 'root',
  builder: 'tree',
  args: {
    prefix: '/',
    entries: [
      link('bin', 'usr/bin'),
      text('etc/group', ['root:x:0:', 'tty:x:5:', 'staff:x:50:', 'users:x:100:', 'nogroup:x:65534:']),
      text('etc/hosts', ['127.0.0.1\tlocalhost', '::1\tlocalhost']),
      text('etc/nsswitch.conf', ['passwd: files', 'group: files', 'hosts: files dns']),
      text('etc/passwd', [
        'root:x:0:0:root:/root:/bin/sh',
        'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
      ]),
      link('lib', 'usr/lib'),
      link('lib64', 'usr/lib64'),
      link('sbin', 'usr/sbin'),
    ],
  },
});

{
  block(model):: {
    local block = self,
    local base = bases.of(model),

    provides: ['interpreter'],
    needs: if model.base == null then [] else ['system'],

    suite: base.suite,
    // What manylinux wheels may take from the system (PEP 600), and what a container's tools expect to find.
    packages: [
      'base-files',
      'libc-bin',
      'libgcc-s1',
      'libstdc++6',
      'netbase',
    ] + (if base.interpreter == null then ['python' + model.python] else []) + [
      'zlib1g',
    ] + cog.apt(model) + model.apt,

    // With ['debian', 'debian-security'], the suite's updates count too; null is the suite as it was released.
    archives: null,

    requests: if block.suite == null then {} else {
      debian: {
        kind: 'debian',
        suite: block.suite,
        platform: model.platform,
        packages: std.set(block.packages),
        [if block.archives != null then 'archives']: block.archives,
        [if base.debian != [] then 'installed']: base.debian,
      },
    },

    // What is added; no package of Debian's can be added to another system.
    installed:
      if block.suite != null then model.answers['debian.debian'].packages
      else
        local here = [std.split(package, '=')[0] for package in base.debian];
        local missing = [package for package in model.apt if !std.member(here, package)];
        if missing == [] then []
        else std.native('at')(
          model,
          'apt',
          function() error std.join(', ', missing) + ' cannot be added to the base, which is ' + base.system
                           + ' and not Debian bookworm or trixie',
        ),

    labels: {
      'cogpack.debian.packages': std.join('\n', std.sort(
        base.debian + [package.name + '=' + package.version for package in block.installed],
        function(package) std.split(package, '=')[0]
      )),
    },

    local debs = [
      fetch({
        name: filenameOf(package),
        sha256: package.sha256,
        size: package.size,
        location: { kind: 'debian', archive: package.archive, filename: package.filename },
      })
      for package in block.installed
    ],

    local unpacked = [
      derivation({
        name: block.installed[i].name,
        builder: 'deb',
        platform: model.platform,
        args: { filename: filenameOf(block.installed[i]) },
        inputs: { deb: debs[i] },
      })
      for i in std.range(0, std.length(debs) - 1)
    ],

    layers: (
      if model.base == null then [{ name: 'root', rate: 0.02, layer: root }] else []
    ) + [
      {
        name: block.installed[i].name,
        version: block.installed[i].version,
        size: block.installed[i].size,
        order: 1,
        rate: 0.02,
        layer: unpacked[i],
      }
      for i in std.range(0, std.length(debs) - 1)
    ] + if block.installed == [] then [] else [
      {
        name: 'configuration',
        size: 100 * 1024,
        order: 2,
        rate: 0.1,
        layer: derivation({
          name: 'configuration',
          builder: 'configure',
          platform: model.platform,
          args: { [if model.base != null then 'base']: true },
          inputs: { debs: debs, layers: unpacked },
        }),
      },
    ],

    env: {
      LANG: 'C.UTF-8',
      PATH: base.path,
    },
  },
}
