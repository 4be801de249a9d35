// The block `python`: a virtual environment (PEP 405) over the system's interpreter, with wheels in it.
local cog = import 'cog.libsonnet';
local derivation = std.native('derivation');
local fetch = import 'fetch.libsonnet';
local layers = import 'layers.libsonnet';

local prefix = '/opt/venv';

local venv(python) = derivation({
  name: 'venv',
  builder: 'tree',
  args: {
    prefix: prefix,
    entries: [
      { type: 'link', path: 'bin/python', target: '/usr/bin/python' + python },
      { type: 'link', path: 'bin/python' + python, target: 'python' },
      { type: 'link', path: 'bin/python3', target: 'python' },
      { type: 'folder', path: 'lib/python' + python + '/site-packages' },
      { type: 'link', path: 'lib64', target: 'lib' },
      {
        type: 'text',
        path: 'pyvenv.cfg',
        executable: false,
        text: std.lines(['home = /usr/bin', 'include-system-site-packages = false', 'version = ' + python]),
      },
    ],
  },
});

// The lines of a requirements file without comments and empty ones.
local requirementsOf(requirements) =
  local lines = if std.isString(requirements) then std.split(std.native('readText')(requirements), '\n') else requirements;
  local stripped = [
    std.stripChars(std.split(if std.startsWith(line, '#') then '' else line, ' #')[0], ' \t\r')
    for line in lines
  ];
  [line for line in stripped if line != ''];

{
  block(model):: {
    local block = self,

    provides: ['venv'],
    needs: ['interpreter'],

    requirements: requirementsOf(model.requirements) + cog.requirements(model),

    requests: {
      [if block.requirements != [] then 'python']: {
        kind: 'python',
        python: model.python,
        platform: model.platform,
        glibc: (import 'debian.libsonnet').suites[model.python].glibc,
        requirements: block.requirements,
      },
    },

    packages: if block.requirements == [] then [] else model.answers['python.python'].packages,

    layers: layers.plan('venv', [
      { name: 'venv', size: 0, layer: venv(model.python) },
    ] + [
      {
        name: package.name + ' ' + package.version,
        size: package.size,
        layer: derivation({
          name: package.name,
          builder: 'wheel',
          args: { filename: package.filename, prefix: prefix, python: model.python },
          inputs: {
            wheel: fetch({
              name: package.filename,
              sha256: package.sha256,
              size: package.size,
              location: std.get(package, 'location', {
                kind: 'python',
                project: package.name,
                filename: package.filename,
                [if std.objectHas(package, 'index') then 'index']: package.index,
              }),
            }),
          },
        }),
      }
      for package in block.packages
    ]),

    env: {
      PATH: prefix + '/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      PYTHONUNBUFFERED: '1',
      VIRTUAL_ENV: prefix,
    },
  },
}
