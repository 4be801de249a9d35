// Packages of the project itself, which stay where they lie in the image's source: a .pth file for each puts its folder
// on the path (docs.python.org, "site"), with the metadata and scripts that an installed package has.
local derivation = std.native('derivation');

// Where a path of the project lies in the image.
local placeOf(package, source) =
  local path = package.path;
  if source.path == '.' then source.prefix + (if path == '.' then '' else '/' + path)
  else if path == source.path then source.prefix
  else if std.startsWith(path, source.path + '/') then source.prefix + path[std.length(source.path):]
  else error 'the package ' + package.name + ' lies in ' + path + ', which is outside source.path: ' + source.path;

local text(path, lines, executable=false) = {
  type: 'text',
  path: path,
  executable: executable,
  text: std.lines(lines),
};

local script(prefix, name, reference) =
  local parts = [std.stripChars(part, ' ') for part in std.split(std.split(reference, '[')[0], ':')];
  text('bin/' + name, [
    '#!' + prefix + '/bin/python',
    'import sys',
    '',
    'from ' + parts[0] + ' import ' + std.split(parts[1], '.')[0],
    '',
    "if __name__ == '__main__':",
    '    sys.exit(' + parts[1] + '())',
  ], executable=true);

local entriesOf(package, python, prefix, source) =
  local site = 'lib/python' + python + '/site-packages/';
  local distribution = std.strReplace(package.name, '-', '_');
  local info = site + distribution + '-' + package.version + '.dist-info/';
  local groups = package.entryPoints;
  local scripts = std.get(groups, 'console_scripts', {}) + std.get(groups, 'gui_scripts', {});
  [
    text(site + '_' + distribution + '.pth', [placeOf(package, source)]),
    text(info + 'METADATA', ['Metadata-Version: 2.1', 'Name: ' + package.name, 'Version: ' + package.version]),
  ] + (
    if groups == {} then [] else [
      text(info + 'entry_points.txt', std.flatMap(
        function(group) ['[' + group + ']'] + [name + ' = ' + groups[group][name] for name in std.objectFields(groups[group])],
        std.objectFields(groups)
      )),
    ]
  ) + [script(prefix, name, scripts[name]) for name in std.objectFields(scripts)];

// A layer for a virtual environment at `prefix`; `source` is {path, prefix}.
function(packages, python, prefix, source) derivation({
  name: 'local packages',
  builder: 'tree',
  args: {
    prefix: prefix,
    entries: std.flatMap(function(package) entriesOf(package, python, prefix, source), packages),
  },
})
