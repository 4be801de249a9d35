// The block `gpu`: which builds of the frameworks a model gets, and what the image asks of its host. The decision is the
// solver's (src/gpu), over the tables in facts/; CUDA's own libraries come from the wheels that need them.
local cog = import 'cog.libsonnet';
local torch = import 'torch.libsonnet';

{
  block(model, asked):: {
    local block = self,
    local decision = block.decision,

    provides: [],
    needs: [],

    decision: std.native('gpu')(model, {
      gpu: model.gpu,
      python: model.python,
      platform: model.platform,
      requirements: torch.requirementsOf(model, asked),
      indexes: torch.indexesOf(asked),
      sources: [
        reference
        for reference in [cog.reference(model), model.train]
        if reference != null
      ],
    }),

    uses: decision.accelerator == 'cuda',

    // For the resolver of the block python: what is wanted in addition, and the builds it is kept to.
    requirements: decision.requirements,
    constraints: decision.constraints,

    env: decision.env,

    local runtimes = [
      package.version
      for package in model.blocks.python.packages
      if std.startsWith(package.name, 'nvidia-cuda-runtime')
    ],

    labels: decision.labels {
      [if decision.frameworks != [] || block.uses then 'cogpack.gpu.reasons']: std.join('\n', decision.reasons),
      [if block.uses && runtimes != [] then 'cogpack.gpu.cuda-runtime']: runtimes[0],
    },
  },
}
