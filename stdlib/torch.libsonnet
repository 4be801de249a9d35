// Frameworks that can use a GPU: which of a model's requirements the choice of their builds depends on.
local frameworks = ['torch', 'torchvision', 'torchaudio', 'tensorflow', 'jax', 'jaxlib'];

{
  // Of a lock that the project brings, the frameworks at their locked versions; else the requirements as they are.
  requirementsOf(model, asked)::
    if std.objectHas(asked, 'lock') then [
      package.name + '==' + package.version
      for package in model.answers['python.python'].packages
      if std.member(frameworks, package.name)
    ] else asked.requirements,

  // Those that a base has, at its versions.
  requirementsOfBase(base):: [
    name + '==' + base.packages[name]
    for name in frameworks
    if std.objectHas(base.packages, name)
  ],

  // URLs of the indexes that the project names.
  indexesOf(asked):: [
    if std.isString(index) then index else index.url
    for index in std.get(asked, 'indexes', [])
  ],
}
