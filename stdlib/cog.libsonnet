// The block `cog`: what makes an image a cog model. The server is the `cog` package (block python); the environment,
// command, port and labels are those that replicate/cog's own builder writes (its pkg/dockerfile and pkg/image).
local bases = import 'base.libsonnet';
local derivation = std.native('derivation');

// cog's own pins, from its pkg/dockerfile/standard_generator.go (0.23.1).
local tracingRequirements = [
  'opentelemetry-exporter-otlp-proto-http==1.44.0',
  'opentelemetry-exporter-otlp-proto-grpc==1.44.0',
];

// The traces that a model asks for, with cog's defaults; null where it asks for none.
local tracesOf(model) =
  local asked = if model.observability == null then {} else std.get(model.observability, 'traces', {});
  if std.get(asked, 'enabled', false) then
    { sampler: 'parentbased_always_off', sampler_arg: null, trace_header: null, trace_header_format: 'w3c' } + asked
  else null;

local installed(model, name) = [package for package in model.blocks.python.present if package.name == name];

{
  // Whether the model is served by cog.
  enabled(model):: model.predict != null || model.run != null,

  reference(model):: if model.run != null then model.run else model.predict,

  requirements(model)::
    if !$.enabled(model) then []
    else [if model.cog == null then 'cog' else 'cog==' + model.cog]
         + (if tracesOf(model) != null then tracingRequirements else []),

  // tini is the init process that the label has_init promises. A base to which no Debian package can be added has its own,
  // or none.
  apt(model):: if $.enabled(model) && bases.of(model).suite != null then ['ca-certificates', 'tini'] else [],

  entrypoint(model):: if bases.of(model).suite != null then ['/usr/bin/tini', '--'] else bases.of(model).entrypoint,

  block(model):: {
    local block = self,

    checked: false,

    needs: ['venv'],

    version: installed(model, 'cog')[0].version,

    // What the source says: {document, concurrency}. The description's concurrency counts before the source's.
    local source = std.native('schema')({
      predict: $.reference(model),
      [if model.train != null then 'train']: model.train,
      [if model.concurrency != null then 'concurrency']: model.concurrency.max,
      version: block.version,
    }),

    schema: source.document,
    concurrency: std.get(source, 'concurrency'),

    env: {
      COG_PREDICT_TYPE_STUB: $.reference(model),
      [if model.train != null then 'COG_TRAIN_TYPE_STUB']: model.train,
      [if block.concurrency != null then 'COG_MAX_CONCURRENCY']: std.toString(block.concurrency),
      DEBIAN_FRONTEND: 'noninteractive',
      PYTHONUNBUFFERED: '1',
    } + block.tracing,

    // OpenTelemetry: what the server reads of it. Where to send traces is said when it is started (OTEL_*).
    tracing:
      local traces = tracesOf(model);
      if traces == null then {} else {
        COG_TRACE_CONFIGURED: 'true',
        COG_TRACE_ENABLED: 'true',
        COG_TRACE_SAMPLER: traces.sampler,
        [if traces.sampler_arg != null then 'COG_TRACE_SAMPLER_ARG']: traces.sampler_arg,
        [if traces.trace_header != null then 'COG_TRACE_HEADER']: traces.trace_header,
        [if traces.trace_header != null then 'COG_TRACE_HEADER_FORMAT']: traces.trace_header_format,
        [if std.objectHas(model.observability, 'config') then 'COG_OBSERVABILITY_CONFIG']:
          model.workdir + '/' + model.observability.config,
      },

    // As cog writes it: of a cog.yaml what it keeps, false and empty values left out, `run` under its older name.
    config: {
      build: {
        [if model.blocks.gpu.uses then 'gpu']: true,
        python_version: model.python,
        [if model.apt != [] then 'system_packages']: model.apt,
        [if std.isString(model.requirements) then 'python_requirements']: model.requirements,
        [if std.isArray(model.requirements) && model.requirements != [] then 'python_packages']: model.requirements,
        [if model.cog != null then 'sdk_version']: model.cog,
      },
      predict: $.reference(model),
      [if model.train != null then 'train']: model.train,
      [if block.concurrency != null then 'concurrency']: { max: block.concurrency },
      [if model.observability != null then 'observability']: model.observability,
      [if model.env != {} then 'environment']: [name + '=' + model.env[name] for name in std.objectFields(model.env)],
    },

    labels: {
      'run.cog.config': std.manifestJsonMinified(block.config),
      'run.cog.has_init': std.toString(std.length(std.findSubstr('tini', std.join(' ', model.entrypoint))) > 0),
      'run.cog.openapi_schema': std.manifestJsonMinified(block.schema),
      'run.cog.pip_freeze': std.join('\n', [package.name + '==' + package.version for package in model.blocks.python.present]),
      'run.cog.version': block.version,
    },

    // Where the server looks for the schema.
    layers: [{
      name: 'schema',
      rate: 0.3,
      layer: derivation({
        name: 'schema',
        builder: 'tree',
        args: {
          prefix: model.workdir + '/.cog',
          entries: [{
            type: 'text',
            path: 'openapi_schema.json',
            executable: false,
            text: std.manifestJsonMinified(block.schema),
          }],
        },
      }),
    }],
  },
}
