// What `import 'cogpack'` gives.
{
  // A model: an object of fields (stdlib/model.libsonnet lists them) that becomes an image.
  model:: (import 'model.libsonnet').model,

  // A matrix: axes and a function that together make a set of base images (stdlib/matrix.libsonnet).
  matrix:: (import 'matrix.libsonnet').matrix,

  // Contracts for functions and blocks of one's own.
  contract:: import 'contract.libsonnet',

  // A derivation: {name, builder, platform, args, inputs, location}. Inputs are derivations, by role.
  derivation(args):: std.native('derivation')(args),

  // The files of a folder (or a file) of the project as a layer below `prefix`.
  source(path, options={}):: std.native('source')(path, options),

  // Bytes that the lock answered with: {sha256, size, location}.
  fetch(file):: (import 'fetch.libsonnet')(file),
}
