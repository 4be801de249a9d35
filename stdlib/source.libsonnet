// The block `source`: the project's files, without what describes the build.
{
  block(model):: {
    local options = { path: '.', exclude: [], prefix: '/src' } + model.source,

    provides: [],
    needs: ['venv'],
    checked: false,

    layers: [{
      name: 'source',
      rate: 1,
      layer: std.native('at')(model, 'source', function() std.native('source')(options.path, {
        prefix: options.prefix,
        exclude: ['/cogpack.jsonnet', '/cogpack.lock'] + options.exclude,
      })),
    }],
  },
}
