// Which pieces get a layer of their own: large ones, that models share; small ones are joined.
local large = 1024 * 1024;

{
  // pieces: [{name, size, layer}] → layers: [{name, layer}]. `size` is in bytes, as fetched.
  plan(name, pieces)::
    local small = [piece for piece in pieces if piece.size < large];
    local joined = if std.length(small) < 2 then small else [{
      name: name + ': ' + std.join(', ', [piece.name for piece in small]),
      layer: std.native('derivation')({
        name: name,
        builder: 'join',
        inputs: { layers: [piece.layer for piece in small] },
      }),
    }];
    [{ name: piece.name, layer: piece.layer } for piece in joined + [piece for piece in pieces if piece.size >= large]],
}
