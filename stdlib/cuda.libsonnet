// The block `gpu`: which builds of the frameworks a model gets, and what the image asks of its host. The decision is the
// solver's (src/gpu), over the tables in facts/. CUDA's own libraries come from the wheels that need them, or from a base.
local bases = import 'base.libsonnet';
local cog = import 'cog.libsonnet';
local torch = import 'torch.libsonnet';

// NVIDIA's wheel → the sonames that it brings, but for those that name a version in full.
local sonamesOf =
  local facts = (import 'facts/nvidia-sonames.json').sonames;
  std.foldl(
    function(all, soname) if std.startsWith(soname, 'libnvrtc-builtins') then all else all { [facts[soname]]+: [soname] },
    std.objectFields(facts),
    {}
  );

// '12.4.127' → [12, 4]
local numbers(version, count) = [std.parseInt(part) for part in std.split(version, '.')[:count]];

// The name that a requirement begins with (PEP 508).
local nameOf(requirement) =
  std.foldl(function(text, mark) std.split(text, mark)[0], ['[', ' ', '=', '<', '>', '~', '!', ';', '@'], requirement);

// Which wheels of NVIDIA's stay out because the base has their libraries, and in which of its folders: {wheels, folders}.
local fromBase(model, base, resolved) =
  local from = std.get(model.cuda, 'from', 'auto');
  local wheels = [package for package in resolved if std.objectHas(sonamesOf, package.name)];
  local runtimes = [package.version for package in wheels if std.startsWith(package.name, 'nvidia-cuda-runtime-')];
  // Libraries of wheels that the base has are packages of Python.
  local libraries =
    if base.cuda == null then {} else {
      [library.soname]: library.path
      for library in std.reverse(base.cuda.libraries)
      if std.length(std.findSubstr('-packages/', library.path)) == 0
    };
  local wanted(package) =
    if std.startsWith(package.name, 'nvidia-cudnn-') then { what: 'cuDNN', here: std.get(base, 'cudnn'), version: package.version, count: 3 }
    else if std.startsWith(package.name, 'nvidia-nccl-') then { what: 'NCCL', here: std.get(base, 'nccl'), version: package.version, count: 3 }
    else { what: 'CUDA', here: if base.cuda == null then null else base.cuda.version, version: runtimes[0], count: 2 };
  local faultOf(package) =
    local missing = [soname for soname in sonamesOf[package.name] if !std.objectHas(libraries, soname)];
    local need = wanted(package);
    if base.cuda == null then 'it has no CUDA'
    else if missing != [] then 'it has no ' + std.join(', ', missing) + ' (' + package.name + ')'
    else if need.here == null then 'the version of its ' + need.what + ' is not known (' + package.name + ')'
    else if numbers(need.here, need.count) < numbers(need.version, need.count) then
      'its ' + need.what + ' is ' + need.here + ', and ' + package.name + ' is for ' + need.version
    else null;
  local faults = [fault for fault in [faultOf(package) for package in wheels] if fault != null];
  if from == 'wheels' then { wheels: [], folders: [] }
  else if from == 'base' && (model.base == null || faults != []) then std.native('at')(
    model,
    'cuda',
    function() error "CUDA cannot be the base's: " + (
      if model.base == null then 'there is no base' else std.join('; ', faults)
    ),
  )
  else
    local here = [package for package in wheels if faultOf(package) == null];
    {
      wheels: [package.name for package in here],
      folders: std.set([
        bases.folderOf(libraries[soname])
        for package in here
        for soname in sonamesOf[package.name]
      ]),
    };

{
  block(model, asked):: {
    local block = self,
    local decision = block.decision,
    local base = bases.of(model),
    local hasPackage(requirement) = std.objectHas(base.packages, nameOf(requirement)),
    local shared = fromBase(model, base, model.blocks.python.resolved),

    provides: [],
    needs: [],

    decision: std.native('gpu')(model, {
      gpu: model.gpu,
      python: model.python,
      platform: model.platform,
      requirements: torch.requirementsOf(model, asked) + torch.requirementsOfBase(base),
      indexes: torch.indexesOf(asked),
      sources: [
        reference
        for reference in [cog.reference(model), model.train]
        if reference != null
      ],
    }),

    uses: decision.accelerator == 'cuda',

    // For the resolver of the block python: what is wanted in addition, and the builds it is kept to.
    requirements: [requirement for requirement in decision.requirements if !hasPackage(requirement)],
    constraints: [constraint for constraint in decision.constraints if !hasPackage(constraint)],

    // Wheels of NVIDIA's that are not installed, for the base has their libraries.
    fromBase: shared.wheels,

    // The loader looks into the base's folders of CUDA.
    env: decision.env {
      [if shared.folders != [] then 'LD_LIBRARY_PATH']: std.join(':', shared.folders + [
        folder
        for folder in std.split(std.get(base.env, 'LD_LIBRARY_PATH', ''), ':')
        if folder != '' && !std.member(shared.folders, folder)
      ]),
    },

    local runtimes = [
      package.version
      for package in model.blocks.python.present
      if std.startsWith(package.name, 'nvidia-cuda-runtime')
    ] + (if shared.wheels == [] then [] else [base.cuda.version]),

    labels: decision.labels {
      [if decision.frameworks != [] || block.uses then 'cogpack.gpu.reasons']: std.join('\n', decision.reasons),
      [if block.uses && runtimes != [] then 'cogpack.gpu.cuda-runtime']: runtimes[0],
    },
  },
}
