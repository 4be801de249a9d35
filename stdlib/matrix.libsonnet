// A matrix of base images. A point has one value of every axis; each becomes a model without a project's files, under the
// name of its point, made only when it is asked for.
local contract = import 'contract.libsonnet';
local models = import 'model.libsonnet';
local at = std.native('at');

local fields = contract.object('a matrix', {
  axes: contract.required(
    contract.mapOf('argument', contract.arrayOf(contract.anyOf([contract.string, contract.boolean]))),
    'What the images differ in, and its values: { python: ["3.11", "3.13"] }.'
  ),
  base: contract.field(contract.callable, 'base(point): the fields of its image, which are those of a model without source.'),
  name: contract.field(contract.callable, 'name(point): its name, which is a tag; its axes and values unless it is given: python3.11-torch2.6.0.'),
  exclude: contract.field(contract.callable, 'exclude(point): true where there is to be no image.'),
});

local ofModels = ['cog', 'concurrency', 'observability', 'predict', 'run', 'source', 'train'];
local baseFields = contract.object('a base', {
  [name]: models.fields.fields[name]
  for name in std.objectFields(models.fields.fields)
  if !std.member(ofModels, name)
});

local image(given) =
  models.model {
    workdir: '/',
    blocks+:: {
      source:: null,
      // A project's own packages are of its source.
      python+: { layers: [piece for piece in super.layers if piece.name != 'local packages'] },
    },
  } + given;

local letters = std.set(std.stringChars('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-'));
local nameOf(point) =
  local text = std.join('-', [axis + point[axis] for axis in std.objectFields(point)]);
  std.join('', [if std.setMember(letter, letters) then letter else '-' for letter in std.stringChars(text)]);

local pointsOf(axes) = std.foldl(
  function(points, axis) [point { [axis]: value } for point in points for value in axes[axis]],
  std.objectFields(axes),
  [{}]
);

// What is wrong is told at a field of the user's, or else at the axes.
local told(matrix, field, compute) = at(matrix, 'axes', function() at(matrix, field, compute));

// [{name, point}]
local named(matrix) =
  local list = [
    { point: point, name: contract.checked(contract.format('tag'), matrix.name(point), 'the name of ' + point) }
    for point in pointsOf(matrix.axes)
    if !matrix.exclude(point)
  ];
  local names = [each.name for each in list];
  local twice = [each.name for each in list if std.count(names, each.name) > 1];
  local same = [each.point for each in list if each.name == twice[0]];
  if twice == [] then list
  else error 'the points ' + same[0] + ' and ' + same[1] + ' have one name: ' + twice[0];

{
  fields:: fields,

  matrix:: {
    local matrix = self,

    base(point):: error 'a matrix needs base(point):: { … }, the fields of the image of a point',
    name(point):: nameOf(point),
    exclude(point):: false,

    local checked = told(matrix, 'base', function() contract.checked(fields, matrix, 'matrix')),
    targets:: {
      [each.name]: told(matrix, 'base', function()
        image(contract.checked(baseFields, matrix.base(each.point), 'base(' + each.name + ')')))
      for each in told(matrix, 'name', function() named(checked))
    },
  },
}
