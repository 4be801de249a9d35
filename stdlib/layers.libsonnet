// From pieces to layers: the native `plan` says which pieces share one (src/plan, docs/layers.md); these are joined.
{
  // model: its field `layers` counts. pieces: [{block, name, layer, …}], the lowest first → [{name, layer, pieces, …}].
  plan(model, pieces):: [
    local members = [pieces[piece.index] + { size: piece.size, id: piece.id } for piece in planned.pieces];
    {
      name: planned.name,
      reason: planned.reason,
      pieces: members,
      layer: if std.length(members) == 1 then members[0].layer else std.native('derivation')({
        name: std.join(', ', std.uniq([member.block for member in members])),
        builder: 'join',
        inputs: { layers: [member.layer for member in members] },
      }),
    }
    for planned in std.native('plan')(model, pieces)
  ],
}
