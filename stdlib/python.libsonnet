// The block `python`: a virtual environment (PEP 405) over the system's interpreter, with wheels in it. A base's own
// environment is used where there is one; what the base has of Python is left out.
local bases = import 'base.libsonnet';
local cog = import 'cog.libsonnet';
local derivation = std.native('derivation');
local fetch = import 'fetch.libsonnet';
local localLayer = import 'local-packages.libsonnet';

// Over an interpreter that the base brings, its packages are found too.
local venv(python, prefix, interpreter) =
  local program = if interpreter == null then '/usr/bin/python' + python else interpreter;
  derivation({
    name: 'venv',
    builder: 'tree',
    args: {
      prefix: prefix,
      entries: [
        { type: 'link', path: 'bin/python', target: program },
        { type: 'link', path: 'bin/python' + python, target: 'python' },
        { type: 'link', path: 'bin/python3', target: 'python' },
        { type: 'folder', path: 'lib/python' + python + '/site-packages' },
        { type: 'link', path: 'lib64', target: 'lib' },
        {
          type: 'text',
          path: 'pyvenv.cfg',
          executable: false,
          text: std.lines([
            'home = ' + bases.folderOf(program),
            'include-system-site-packages = ' + (interpreter != null),
            'version = ' + python,
          ]),
        },
      ],
    },
  });

// What a model asks for: an array of requirements, or what a file of the project says (src/inputs/packages.ts).
local askedBy(model) =
  if std.isArray(model.requirements) then { requirements: model.requirements, 'local': [] }
  else std.native('at')(model, 'requirements', function() std.native('packages')(model.requirements));

// A project's lock is never resolved again: what is wanted beside it, such as cog, is resolved at the lock's versions.
local besideLock(model, target, requirements) =
  local locked = model.answers['python.python'].packages;
  local names = [package.name for package in locked];
  local wanted = [
    requirement
    for requirement in requirements
    if !(requirement == 'cog' && std.member(names, 'cog'))
  ];
  if wanted == [] then locked else
    local answer = std.native('lock')({
      beside: target {
        requirements: wanted,
        constraints: [package.name + '==' + package.version for package in locked],
      },
    }).beside;
    std.sort(
      locked + [package for package in answer.packages if !std.member(names, package.name)],
      function(package) package.name
    );

// Whether the base has a package; at another version it is an error, since a lock of the project's is kept to.
local isIn(base, package, model) =
  if !std.objectHas(base.packages, package.name) then false
  else
    local here = base.packages[package.name];
    if std.split(here, '+')[0] == std.split(package.version, '+')[0] then true
    else std.native('at')(
      model,
      'requirements',
      function() error 'the lock has ' + package.name + ' ' + package.version + ', and the base ' + here
                       + ': take another base, or lock ' + package.name + ' ' + here,
    );

{
  askedBy:: askedBy,

  block(model):: {
    local block = self,

    provides: ['venv'],
    needs: ['interpreter'],

    local asked = askedBy(model),
    local base = bases.of(model),
    local target = { kind: 'python', python: base.python, platform: model.platform, glibc: base.glibc },

    prefix: if base.venv == null then '/opt/venv' else base.venv,

    // Beside a lock that the project brings, these are what is wanted in addition to it.
    requirements:
      std.get(asked, 'requirements', []) + cog.requirements(model)
      + (if std.objectHas(asked, 'lock') then [] else model.blocks.gpu.requirements),

    // The builds of frameworks that were chosen for the model's GPUs.
    constraints: std.get(asked, 'constraints', []) + model.blocks.gpu.constraints,

    // What other blocks bring of Python, name → version. It is resolved with the rest, and no wheel of it is installed:
    // the block sees to it that the interpreter finds it.
    provided: std.foldl(
      function(all, name) all + std.get(model.blocks[name], 'pythonPackages', {}),
      std.objectFields(model.blocks),
      {}
    ),

    // Packages of the project itself: {name, version, path, entryPoints}.
    localPackages: asked['local'],

    requests: {
      [if std.objectHas(asked, 'lock') || block.requirements != [] then 'python']: target + (
        if std.objectHas(asked, 'lock') then {
          local here = [package.name for package in block.localPackages] + [
            name
            for name in std.objectFields(block.provided)
            if !std.objectHas(base.packages, name)
          ],
          lock: asked.lock { [if here != [] then 'provided']: here },
        } else { requirements: block.requirements } + {
          [if block.constraints != [] then 'constraints']: block.constraints,
          [if std.objectHas(asked, 'indexes') then 'indexes']: asked.indexes,
          [if block.provided != {} then 'provided']: block.provided,
        }
      ),
    },

    // All that is needed, as it was resolved.
    resolved:
      if block.requests == {} then []
      else if std.objectHas(asked, 'lock') then besideLock(model, target, block.requirements)
      else model.answers['python.python'].packages,

    // Of these, what is added: the base has the rest, or CUDA's libraries in place of wheels.
    packages: [
      package
      for package in block.resolved
      if !isIn(base, package, model) && !std.member(model.blocks.gpu.fromBase, package.name)
    ],

    // What is there: {name, version}, in the order of names.
    present: std.sort(
      [{ name: name, version: base.packages[name] } for name in std.objectFields(base.packages)]
      + [{ name: package.name, version: package.version } for package in block.packages],
      function(package) package.name
    ),

    layers: (
      if base.venv != null then [] else [{
        name: 'venv',
        rate: 0.02,
        layer: venv(model.python, block.prefix, base.interpreter),
      }]
    ) + (
      if block.localPackages == [] then [] else [{
        name: 'local packages',
        rate: 0.3,
        layer: localLayer(block.localPackages, model.python, block.prefix, { path: '.', prefix: '/src' } + model.source),
      }]
    ) + [
      {
        name: package.name,
        version: package.version,
        size: package.size,
        rate: 0.2,
        layer: derivation({
          name: package.name,
          builder: 'wheel',
          args: { filename: package.filename, prefix: block.prefix, python: model.python },
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
    ],

    labels: {
      'cogpack.python.version': model.python,
      [if block.present != [] then 'cogpack.python.packages']: std.join('\n', [
        package.name + '==' + package.version
        for package in block.present
      ]),
    },

    env: {
      PATH: std.join(':', [block.prefix + '/bin'] + [
        folder
        for folder in std.split(base.path, ':')
        if folder != block.prefix + '/bin'
      ]),
      PYTHONUNBUFFERED: '1',
      VIRTUAL_ENV: block.prefix,
    },
  },
}
