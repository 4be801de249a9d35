// The block `cog`: what makes an image a cog model. The server is the `cog` package (block python); the environment,
// command, port and labels are those that replicate/cog's own builder writes (its pkg/dockerfile and pkg/image).
local derivation = std.native('derivation');

local installed(model, name) = [package for package in model.blocks.python.packages if package.name == name];

{
  // Whether the model is served by cog.
  enabled(model):: model.predict != null || model.run != null,

  reference(model):: if model.run != null then model.run else model.predict,

  requirements(model)::
    if !$.enabled(model) then [] else [if model.cog == null then 'cog' else 'cog==' + model.cog],

  // tini is the init process that the label has_init promises.
  apt(model):: if $.enabled(model) then ['ca-certificates', 'tini'] else [],

  block(model):: {
    local block = self,

    checked: false,

    needs: ['venv'],

    version: installed(model, 'cog')[0].version,

    schema: std.native('schema')({
      predict: $.reference(model),
      [if model.train != null then 'train']: model.train,
      version: block.version,
    }),

    env: {
      COG_PREDICT_TYPE_STUB: $.reference(model),
      [if model.train != null then 'COG_TRAIN_TYPE_STUB']: model.train,
      [if model.concurrency != null then 'COG_MAX_CONCURRENCY']: std.toString(model.concurrency.max),
      DEBIAN_FRONTEND: 'noninteractive',
      PYTHONUNBUFFERED: '1',
    },

    // As in a cog.yaml.
    config: {
      build: {
        gpu: model.blocks.gpu.uses,
        python_version: model.python,
        [if model.apt != [] then 'system_packages']: model.apt,
        [if std.isString(model.requirements) then 'python_requirements']: model.requirements,
        [if std.isArray(model.requirements) && model.requirements != [] then 'python_packages']: model.requirements,
      },
      [if model.concurrency != null then 'concurrency']: model.concurrency,
      [if model.predict != null then 'predict']: model.predict,
      [if model.run != null then 'run']: model.run,
      [if model.train != null then 'train']: model.train,
    },

    labels: {
      'run.cog.config': std.manifestJsonMinified(block.config),
      'run.cog.has_init': 'true',
      'run.cog.openapi_schema': std.manifestJsonMinified(block.schema),
      'run.cog.pip_freeze': std.join('\n', [package.name + '==' + package.version for package in model.blocks.python.packages]),
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
