// The block `base`: an image that the model stands on. Its layers are the lowest; the other blocks add what it lacks. What
// it holds is the lock's answer (docs/base.md): `of(model)` gives it in the terms of these blocks, with or without a base.
local debian = import 'debian-suites.libsonnet';
local derivation = std.native('derivation');
local fetch = import 'fetch.libsonnet';

local has(text, part) = std.length(std.findSubstr(part, text)) > 0;
local folderOf(path) = std.join('/', std.split(path, '/')[:-1]);
local first(array) = if array == [] then null else array[0];

// Nulls for a Python that no suite carries: it is refused where the fields are checked, and until then it is read.
local suiteOf(python) =
  if std.isString(python) && std.objectHas(debian, python) then debian[python]
  else { name: null, glibc: null };

// What cogpack builds from nothing: the suite that carries the model's Python, and nothing else.
local scratch(model) = {
  suite: suiteOf(model.python).name,
  glibc: suiteOf(model.python).glibc,
  interpreter: null,
  python: model.python,
  venv: null,
  debian: [],
  packages: {},
  cuda: null,
  env: {},
  path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  user: 'root',
  entrypoint: [],
  cmd: ['python3'],
};

// The folders in which an interpreter finds packages.
local isFound(path, python, interpreter, venv) =
  if venv != null then std.startsWith(path, venv + '/')
  else if interpreter == null then false
  else
    local prefix = folderOf(folderOf(interpreter));
    std.startsWith(path, prefix + '/') && has(path + '/', '/python' + python + '/')
    || prefix == '/usr' && path == '/usr/lib/python3/dist-packages';

local found(model, metadata) =
  local python = model.python;
  local os = metadata.os;
  local known = [debian[version].name for version in std.objectFields(debian)];
  local isDebian = os.id == 'debian' && std.member(known, std.get(os, 'codename', ''));
  local path = std.get(metadata.env, 'PATH', scratch(model).path);
  local interpreters = [each.path for each in metadata.pythons if std.startsWith(each.version, python + '.')];
  local inPath = [
    folder + '/python' + python
    for folder in std.split(path, ':')
    if std.member(interpreters, folder + '/python' + python)
  ];
  local interpreter = first(inPath + interpreters);
  local venv = if std.objectHas(metadata, 'venv') && metadata.venv.python == python then metadata.venv.path else null;
  {
    // Debian's, whose packages can be added; null where none can.
    suite: if isDebian then os.codename else null,
    system: std.join(' ', [os.id] + (if os.version == '' then [] else [os.version])),
    glibc: metadata.glibc,
    interpreter: interpreter,
    // In full, where it is a release: some packages exclude patch releases.
    python: first(
      [
        each.version
        for each in metadata.pythons
        if each.path == interpreter && std.length(std.stripChars(each.version, '0123456789.')) == 0
      ] + [python]
    ),
    venv: venv,
    // name=version
    debian: std.set([each.name + '=' + each.version for each in metadata.debian]),
    // Of Python, name → version.
    packages: {
      [each.name]: each.version
      for each in metadata.packages
      if isFound(each.path, python, interpreter, venv)
    },
    cuda: std.get(metadata, 'cuda'),
    cudnn: std.get(metadata, 'cudnn'),
    nccl: std.get(metadata, 'nccl'),
    env: metadata.env,
    path: path,
    user: metadata.user,
    entrypoint: std.get(metadata, 'entrypoint', []),
    cmd: std.get(metadata, 'cmd', ['python3']),
  };

// What the base lacks and cannot be given, in words; null where nothing is.
local faultOf(model, base, metadata) =
  if !std.objectHas(metadata, 'glibc') then 'it has no glibc, which wheels and Debian packages need'
  else if !std.isString(model.python) then null
  else if base.interpreter == null && suiteOf(model.python).name == null then
    'it has no Python ' + model.python + ', and neither has Debian'
  else if base.interpreter == null && base.suite != suiteOf(model.python).name then
    'it has no Python ' + model.python + ', and ' + suiteOf(model.python).name + "'s cannot be added to " + base.system
  else null;

{
  // '/usr/bin/python3.11' → '/usr/bin'
  folderOf:: folderOf,

  of(model):: if model.base == null then scratch(model) else model.blocks.base.holds,

  block(model):: {
    local block = self,

    provides: ['system'],
    needs: [],

    // Asked for by itself: what the other blocks ask depends on the answer.
    answer:: std.native('lock')({
      image: { kind: 'image', reference: model.base, platform: model.platform },
    }).image,
    metadata:: block.answer.metadata,

    holds::
      local holds = found(model, block.metadata);
      local fault = faultOf(model, holds, block.metadata);
      if fault == null then holds
      else std.native('at')(model, 'base', function() error 'the base ' + model.base + ' does not suit: ' + fault),

    pythonPackages: block.holds.packages,

    local layers = block.metadata.layers,
    local locationOf(layer) =
      if std.startsWith(model.base, 'oci:') then {
        kind: 'file',
        path: std.split(model.base, ':')[1] + '/blobs/' + std.strReplace(layer.digest, ':', '/'),
      } else { kind: 'image', reference: model.base },

    layers: [
      {
        name: 'base ' + (i + 1) + ' of ' + std.length(layers),
        version: layers[i].digest[7:19],
        size: layers[i].size,
        fixed: true,
        rate: 0.02,
        layer: derivation({
          name: 'base ' + (i + 1),
          builder: 'base',
          args: { mediaType: layers[i].mediaType, diffID: layers[i].diffID },
          inputs: {
            blob: fetch({
              name: model.base + ', layer ' + (i + 1),
              sha256: layers[i].digest,
              size: layers[i].size,
              location: locationOf(layers[i]),
            }),
          },
        }),
      }
      for i in std.range(0, std.length(layers) - 1)
    ],

    // image-spec annotations.md.
    labels: {
      'org.opencontainers.image.base.digest': block.answer.digest,
      'org.opencontainers.image.base.name': model.base,
    },

    env: block.metadata.env,
  },
}
