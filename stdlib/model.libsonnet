// A model: fields that people write, checked against a contract, and hidden blocks made of them. A block says what it
// provides and needs, what it asks of the lock, and gives layers and environment; the image is the blocks in order.
// Any field of any block is overridden with +: as in `blocks+:: { debian+: { packages+: ['curl'] } }`.
local bases = import 'base.libsonnet';
local cog = import 'cog.libsonnet';
local contract = import 'contract.libsonnet';
local derivation = std.native('derivation');
local layers = import 'layers.libsonnet';
local python = import 'python.libsonnet';

local fields = contract.object('a model', {
  platform: contract.field(contract.format('platform'), 'What the image runs on: linux/amd64 or linux/arm64.'),
  python: contract.field(contract.oneOf(std.objectFields(import 'debian-suites.libsonnet')), 'The version of Python: the one that a Debian suite carries, or any that the base has.'),
  base: contract.field(
    contract.optional(contract.format('imageReference')),
    'An image to stand on: a reference to a registry, or oci:DIR of the project. What it has is not added again.'
  ),
  requirements: contract.field(
    contract.anyOf([contract.format('projectPath'), contract.arrayOf(contract.string)]),
    'Python packages: a requirements file of the project, or an array of requirements (PEP 508).'
  ),
  predict: contract.field(
    contract.optional(contract.format('pythonReference')),
    'A cog predictor: a file and its class or function, such as predict.py:Predictor. The image then serves predictions.'
  ),
  run: contract.field(contract.optional(contract.format('pythonReference')), 'A cog runner, such as run.py:Runner, in place of predict.'),
  train: contract.field(contract.optional(contract.format('pythonReference')), 'A cog training function, such as train.py:train.'),
  concurrency: contract.field(
    contract.optional(contract.object('concurrency', {
      max: contract.required(contract.number, 'How many predictions run at one time.'),
      default_target: contract.field(contract.number, 'How many predictions a scheduler should aim at.'),
    })),
    'Predictions at one time, for an async predictor.'
  ),
  observability: contract.field(
    contract.optional(contract.object('observability', {
      config: contract.field(contract.format('projectPath'), "A file of the project that makes the tracer of the model's own spans."),
      traces: contract.field(contract.object('traces', {
        enabled: contract.required(contract.boolean, 'Whether the server traces predictions.'),
        sampler: contract.field(contract.oneOf([
          'always_on',
          'always_off',
          'traceidratio',
          'parentbased_always_on',
          'parentbased_always_off',
          'parentbased_traceidratio',
        ]), 'Which traces are kept; parentbased_always_off unless it is given.'),
        sampler_arg: contract.field(contract.string, 'The share that a ratio sampler keeps, from "0" to "1".'),
        trace_header: contract.field(contract.string, 'A further header that carries a trace.'),
        trace_header_format: contract.field(contract.oneOf(['w3c', 'jaeger']), 'Its form.'),
      }), "Traces of cog's server, by OpenTelemetry."),
    })),
    'What a model tells of its predictions while it runs, as in cog.yaml.'
  ),
  gpu: contract.field(
    contract.anyOf([
      { kind: 'null' },
      contract.boolean,
      contract.object('gpu', {
        driver: contract.field(contract.string, 'The drivers that the image must run on: ">=535".'),
        arch: contract.field(contract.arrayOf(contract.string), 'GPUs that it must have code for: ["sm_80", "sm_90"].'),
        cuda: contract.field(contract.string, 'The CUDA that it is to use: "12.x", "12.8" or ">=12.1,<13".'),
        count: contract.field(contract.number, 'How many GPUs the model uses at one time.'),
      }),
    ]),
    'Whether the model uses a GPU, and which; told from its requirements and source unless it is given.'
  ),
  cuda: contract.field(
    contract.object('cuda', {
      from: contract.field(
        contract.oneOf(['auto', 'base', 'wheels']),
        "Where CUDA's libraries are from: the base's, NVIDIA's wheels, or the base's where it has the right ones (auto)."
      ),
    }),
    'Whose CUDA the model uses.'
  ),
  cog: contract.field(contract.optional(contract.string), 'The version of the cog package; the newest unless it is given.'),
  apt: contract.field(contract.arrayOf(contract.format('debianPackage')), 'Debian packages, beside those that Python needs.'),
  source: contract.field(
    contract.object('source', {
      path: contract.field(contract.format('projectPath'), 'The folder (or file) of the project that is copied.'),
      exclude: contract.field(contract.arrayOf(contract.string), 'Patterns as in .gitignore, beside .gitignore and .dockerignore.'),
      prefix: contract.field(contract.format('absolutePath'), 'Where it lies in the image.'),
    }),
    'The project files that belong to the image.'
  ),
  layers: contract.field(
    contract.object('layers', {
      limit: contract.field(contract.number, 'The most layers that the image has, those of a base counted; 100 unless it is given.'),
      squash: contract.field(contract.boolean, 'As few layers as can be.'),
      preserve: contract.field(contract.arrayOf(contract.string), 'Pieces that get a layer of their own, by name: ["torch"].'),
      groups: contract.field(
        contract.mapOf('argument', contract.arrayOf(contract.string)),
        'Pieces that get a layer together, by a name of your own: { nlp: ["tokenizers", "transformers"] }.'
      ),
      history: contract.field(
        contract.anyOf([contract.format('projectPath'), contract.arrayOf(contract.format('projectPath'))]),
        'Files of the project with builds of the past, as cogpack plan history writes them.'
      ),
    }),
    'What shares a layer, where that is not left to the planner (docs/layers.md).'
  ),
  env: contract.field(contract.mapOf('environmentName', contract.format('environmentValue')), 'Environment variables.'),
  workdir: contract.field(contract.format('absolutePath'), 'The folder in which the command starts.'),
  entrypoint: contract.field(contract.arrayOf(contract.format('argument')), 'The program, as an array of arguments.'),
  cmd: contract.field(contract.arrayOf(contract.format('argument')), "The command, or the entrypoint's arguments, as an array."),
  volumes: contract.field(contract.arrayOf(contract.format('absolutePath')), 'Folders that hold data of the running container.'),
  expose: contract.field(contract.arrayOf(contract.anyOf([contract.port, contract.format('port')])), 'Ports that the container listens on.'),
  user: contract.field(contract.format('user'), 'The user that the command runs as.'),
  labels: contract.field(contract.mapOf('label', contract.string), 'Labels of the image.'),
});

// A base may have other Pythons than Debian.
local fieldsOf(model) =
  if model.base == null then fields
  else fields { fields+: { python+: { contract: contract.format('pythonVersion') } } };

{
  fields:: fields,

  model:: {
    local model = self,

    platform: 'linux/amd64',
    python: '3.11',
    base: null,
    requirements: [],
    predict: null,
    run: null,
    train: null,
    concurrency: null,
    observability: null,
    gpu: null,
    cuda: {},
    cog: null,
    apt: [],
    source: {},
    layers: {},
    env: {},
    workdir: '/src',
    entrypoint: if cog.enabled(self) then cog.entrypoint(self) else bases.of(self).entrypoint,
    cmd: if cog.enabled(self) then ['python', '-m', 'cog.server.http'] else bases.of(self).cmd,
    volumes: [],
    expose: if cog.enabled(self) then [5000] else [],
    user: bases.of(self).user,
    labels: {},

    blocks:: {
      [if model.base != null then 'base']: bases.block(model),
      debian: (import 'debian.libsonnet').block(model),
      [if cog.enabled(model) then 'cog']: cog.block(model),
      gpu: (import 'cuda.libsonnet').block(model, python.askedBy(model)),
      python: python.block(model),
      source: (import 'source.libsonnet').block(model),
    },

    // Every block's requests in one call, so that one run names all that the lock does not answer.
    answers:: std.native('lock')({
      [name + '.' + request]: model.blocks[name].requests[request]
      for name in std.objectFields(model.blocks)
      if std.objectHasAll(model.blocks[name], 'requests')
      for request in std.objectFields(model.blocks[name].requests)
    }),

    // What a base has lies below all.
    order::
      local order = std.native('order')(self.blocks);
      if model.base == null then order else ['base'] + [name for name in order if name != 'base'],

    // What the blocks give, the lowest first; docs/description.md has the fields of a piece.
    pieces:: std.flatMap(
      function(name) [
        { checked: std.get(model.blocks[name], 'checked', true) } + piece + { block: name }
        for piece in std.get(model.blocks[name], 'layers', [])
      ],
      self.order
    ),

    // [{name, layer, pieces, reason}], the lowest first.
    plan:: layers.plan(model, self.pieces),

    // What a history of builds keeps of an image (src/plan/history.ts).
    made:: [
      std.join(' ', [piece.block, std.strReplace(piece.name, ' ', '-'), piece.id, std.toString(piece.size)])
      for layer in self.plan
      for piece in layer.pieces
    ],

    // What a later block says stands over an earlier one's, and the user's over all.
    local merged(field) = std.foldl(function(all, name) all + std.get(model.blocks[name], field, {}), model.order, {}),
    environment:: merged('env') + self.env,
    allLabels:: merged('labels') + {
      [if model.made != [] then 'cogpack.pieces']: std.join('\n', model.made),
    } + self.labels,

    config:: {
      Env: [name + '=' + model.environment[name] for name in std.objectFields(model.environment)],
      WorkingDir: model.workdir,
      User: model.user,
      [if model.entrypoint != [] then 'Entrypoint']: model.entrypoint,
      [if model.cmd != [] then 'Cmd']: model.cmd,
      [if model.volumes != [] then 'Volumes']: { [path]: {} for path in model.volumes },
      [if model.expose != [] then 'ExposedPorts']: {
        [if std.member(std.toString(port), '/') then port else port + '/tcp']: {}
        for port in model.expose
      },
      [if model.allLabels != {} then 'Labels']: model.allLabels,
    },

    // The proof that the shared libraries of what was installed are there (docs/check.md), over the pieces of all blocks
    // but those that say `checked: false`. Pieces are read before they are joined, since a path that two of them bring is
    // in a joined layer once. A builder that makes a layer sums it up too; any other layer is read for it. The image is not
    // made of pieces that fail.
    check::
      local checked = [piece for piece in model.pieces if piece.checked];
      local summary(layer) =
        local own = std.native('output')(layer, 'summary');
        if own != null then own else derivation({ name: 'scan', builder: 'scan', inputs: { layer: [layer] } });
      derivation({
        name: 'check',
        builder: 'check',
        platform: model.platform,
        args: {
          layers: [piece.name for piece in checked],
          env: model.config.Env,
          architectures: if std.isObject(model.gpu) then std.get(model.gpu, 'arch', []) else [],
          [if model.base != null then 'base']: std.length(model.blocks.base.layers),
        },
        inputs: {
          summaries: [summary(piece.layer) for piece in checked],
        },
      }),

    image:: derivation({
      name: 'image',
      builder: 'image',
      platform: model.platform,
      args: {
        config: model.config,
        history: [layer.name for layer in model.plan],
        annotations: {},
      },
      inputs: { layers: [layer.layer for layer in model.plan], checked: [model.check] },
    }),

    targets:: { image: contract.checked(fieldsOf(model), model, 'model').image },
  },
}
