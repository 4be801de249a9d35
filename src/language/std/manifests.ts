// std: values as INI, Python, JSON, YAML, TOML and XML text.
import { deeper } from '../failure.ts';
import { manifestJson, notData, prettyLayout, quote, toText } from '../manifest.ts';
import { formatNumber } from '../numbers.ts';
import { checkAsserts, fieldNamesOf, fieldOf } from '../objects.ts';
import { force } from '../operators.ts';
import { JArray, JObject, type Lazy, typeOf, type Value } from '../values.ts';
import { array, bool, type Group, objectValue, problem, string } from './define.ts';

type Fields = readonly (readonly [string, Value])[];

function fieldsOf(value: JObject): Fields {
  checkAsserts(value, 0);
  return fieldNamesOf(value, false).map(name => [name, fieldOf(value, name, 0)] as const);
}

function scalar(value: Value): string | undefined {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return formatNumber(value);
  return undefined;
}

function python(value: Value): string {
  return deeper(0, () => pythonText(value));
}

function pythonText(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'string') return quote(value);
  if (value instanceof JArray) return `[${value.items.map(item => python(force(item))).join(', ')}]`;
  if (value instanceof JObject)
    return `{${fieldsOf(value)
      .map(([name, item]) => `${quote(name)}: ${python(item)}`)
      .join(', ')}}`;
  throw notData(value, [], 0);
}

function ini(value: Value): string {
  const body = (section: JObject): string[] =>
    fieldsOf(section).flatMap(([name, item]) =>
      item instanceof JArray
        ? item.items.map(part => `${name} = ${toText(force(part), 0)}`)
        : [`${name} = ${toText(item, 0)}`],
    );
  const file = objectValue('manifestIni', value);
  const main = file.slots.has('main') ? body(objectValue('manifestIni', fieldOf(file, 'main', 0))) : [];
  const sections = fieldsOf(objectValue('manifestIni', fieldOf(file, 'sections', 0))).flatMap(
    ([name, section]) => [`[${name}]`, ...body(objectValue('manifestIni', section))],
  );
  return [...main, ...sections, ''].join('\n');
}

// YAML 1.1 and 1.2 readers take these bare words for something other than strings.
const reserved = new Set([
  'true',
  'false',
  'yes',
  'no',
  'on',
  'off',
  'y',
  'n',
  'null',
  '~',
  '.inf',
  '-.inf',
  '+.inf',
  '.nan',
  '-',
  '---',
  '',
]);
const bareKey = /^[A-Za-z0-9_/.-]+$/;

const count = (text: string, character: string): number => text.split(character).length - 1;

// Whether some reader of YAML may take a key for a date or a number: cautious, as the reference library is.
function looksLikeNumber(name: string): boolean {
  const lower = name.toLowerCase();
  const dashes = count(name, '-');
  return (
    (/^[0-9-]*$/.test(name) && dashes === 2) ||
    (/^[0-9_-]*$/.test(name) && dashes < 2) ||
    (/^[0-9b_-]*$/.test(lower) && name.length > 2 && /^-?0b/.test(name)) ||
    (/^[0-9e._-]*$/.test(lower) && count(name, '.') === 1 && dashes < 3 && count(lower, 'e') < 2) ||
    (/^[0-9a-fx_-]*$/.test(lower) && dashes < 2 && name.length > 2 && /^-?0x/.test(name))
  );
}

function yamlKey(name: string, quoted: boolean): string {
  const bare = !quoted && bareKey.test(name) && !reserved.has(name.toLowerCase()) && !looksLikeNumber(name);
  return bare ? name : quote(name);
}

type YamlOptions = { readonly indentArrays: boolean; readonly quoteKeys: boolean };

const yamlOptions = (name: string, indentArrays: Value, quoteKeys: Value): YamlOptions => ({
  indentArrays: bool(name, indentArrays),
  quoteKeys: bool(name, quoteKeys),
});

function yaml(value: Value, options: YamlOptions, indent: string, path: (string | number)[] = []): string {
  return deeper(0, () => yamlText(value, options, indent, path));
}

function yamlText(value: Value, options: YamlOptions, indent: string, path: (string | number)[]): string {
  const plain = scalar(value);
  if (plain !== undefined) return plain;
  if (typeof value === 'string') return yamlString(value, indent);
  if (value instanceof JArray) {
    if (value.items.length === 0) return '[]';
    return value.items
      .map((item, index) => {
        const element = force(item);
        const inner = [...path, index];
        if (element instanceof JArray && element.items.length > 0)
          return `-\n${indent}  ${yaml(element, options, `${indent}  `, inner)}`;
        const below = element instanceof JObject ? `${indent}  ` : indent;
        return `- ${yaml(element, options, below, inner)}`;
      })
      .join(`\n${indent}`);
  }
  if (!(value instanceof JObject)) throw notData(value, path, 0);
  const fields = fieldsOf(value);
  if (fields.length === 0) return '{}';
  return fields
    .map(([name, item]) => {
      const key = `${yamlKey(name, options.quoteKeys)}:`;
      const inner = [...path, name];
      if (item instanceof JArray && item.items.length > 0) {
        const below = options.indentArrays ? `${indent}  ` : indent;
        return `${key}\n${below}${yaml(item, options, below, inner)}`;
      }
      if (item instanceof JObject && fieldNamesOf(item, false).length > 0) {
        return `${key}\n${indent}  ${yaml(item, options, `${indent}  `, inner)}`;
      }
      return `${key} ${yaml(item, options, indent, inner)}`;
    })
    .join(`\n${indent}`);
}

function yamlString(text: string, indent: string): string {
  if (!text.endsWith('\n') || text === '\n') return quote(text);
  const below = indent.length === 0 ? '  ' : `${indent}  `;
  return `|\n${below}${text.slice(0, -1).split('\n').join(`\n${below}`)}`;
}

function yamlStream(value: Value, options: YamlOptions, end: boolean): string {
  const documents = array('manifestYamlStream', value).map(item => yaml(force(item), options, ''));
  return `---\n${documents.join('\n---\n')}${end ? '\n...\n' : '\n'}`;
}

const bareTomlKey = /^[A-Za-z0-9_-]+$/;
const tomlKey = (name: string): string => (bareTomlKey.test(name) ? name : quote(name));

function isTable(value: Value): boolean {
  return value instanceof JObject;
}

function isTableArray(value: Value): boolean {
  return (
    value instanceof JArray &&
    value.items.length > 0 &&
    value.items.every(item => force(item) instanceof JObject)
  );
}

function tomlInline(value: Value, indent: string, inner: string, inline: boolean): string {
  return deeper(0, () => tomlText(value, indent, inner, inline));
}

function tomlText(value: Value, indent: string, inner: string, inline: boolean): string {
  const plain = value === null ? undefined : scalar(value);
  if (plain !== undefined) return plain;
  if (typeof value === 'string') return quote(value);
  if (value instanceof JArray) {
    if (value.items.length === 0) return '[]';
    const items = (value.items as Lazy[]).map(item => tomlInline(force(item), indent, inner, true));
    if (inline) return `[ ${items.join(', ')} ]`;
    return `[\n${items.map(item => `${inner}${item}`).join(',\n')}\n${indent}]`;
  }
  if (value instanceof JObject) {
    const fields = fieldsOf(value).map(
      ([name, item]) => `${tomlKey(name)} = ${tomlInline(item, '', '', true)}`,
    );
    return fields.length === 0 ? '{  }' : `{ ${fields.join(', ')} }`;
  }
  throw problem(
    'manifestTomlEx',
    `takes what TOML has; found ${value === null ? 'null' : `a ${typeOf(value)}`}`,
  );
}

function tomlTable(value: JObject, path: readonly string[], step: string, indent: string): string[] {
  const fields = fieldsOf(value);
  const own = fields.filter(([, item]) => !isTable(item) && !isTableArray(item));
  const out: string[] = [];
  const lines = own.map(
    ([name, item]) => `${indent}${tomlKey(name)} = ${tomlInline(item, indent, indent + step, false)}`,
  );
  if (lines.length > 0) out.push(lines.join('\n'));
  for (const [name, item] of fields) {
    const inner = [...path, name];
    const title = inner.map(tomlKey).join('.');
    if (isTable(item)) out.push(...section(`[${title}]`, item as JObject, inner, step, indent));
    else if (isTableArray(item)) {
      for (const element of (item as JArray).items)
        out.push(...section(`[[${title}]]`, force(element) as JObject, inner, step, indent));
    }
  }
  return out;
}

function section(
  title: string,
  value: JObject,
  path: readonly string[],
  step: string,
  outer: string,
): string[] {
  const indent = path.length === 1 ? outer : outer;
  const body = tomlTable(value, path, step, indent + step);
  const hasOwn = fieldsOf(value).some(([, item]) => !isTable(item) && !isTableArray(item));
  if (!hasOwn) return [`${indent}${title}`, ...body];
  return [`${indent}${title}\n${body[0]}`, ...body.slice(1)];
}

// As the library defines it, text is taken as it is: std.escapeStringXML is the program's to call.
function xml(value: Value): string {
  if (typeof value === 'string') return value;
  const items = array('manifestXmlJsonml', value).map(force);
  const tag = string('manifestXmlJsonml', items[0] ?? null);
  const attributes = items[1] instanceof JObject ? items[1] : undefined;
  const attributeText =
    attributes === undefined
      ? ''
      : fieldsOf(attributes)
          .map(([name, item]) => ` ${name}="${toText(item, 0)}"`)
          .join('');
  const children = deeper(0, () => items.slice(attributes === undefined ? 1 : 2).map(xml));
  return `<${tag}${attributeText}>${children.join('')}</${tag}>`;
}

const jsonEx = (value: Value, indent: string, newline = '\n', keySeparator = ': '): string =>
  manifestJson(value, {
    ...prettyLayout,
    indent,
    newline,
    keySeparator,
    empty: newline + newline,
    indentEmpty: true,
  });

export const manifests: Group = {
  manifestIni: ['ini', ini],
  manifestPython: ['v', python],
  manifestPythonVars: [
    'conf',
    conf =>
      fieldsOf(objectValue('manifestPythonVars', conf))
        .map(([name, item]) => `${name} = ${python(item)}\n`)
        .join(''),
  ],
  manifestJson: ['value', value => jsonEx(value, '    ')],
  manifestJsonMinified: ['value', value => jsonEx(value, '', '', ':')],
  manifestJsonEx: [
    'value indent newline? key_val_sep?',
    (value, indent, newline, separator) =>
      jsonEx(value, string('manifestJsonEx', indent), newline, separator),
  ],
  manifestYamlDoc: [
    'value indent_array_in_object? quote_keys?',
    (value, indentArrays = false, quoteKeys = true) =>
      yaml(value, yamlOptions('manifestYamlDoc', indentArrays, quoteKeys), ''),
  ],
  manifestYamlStream: [
    'value indent_array_in_object? c_document_end? quote_keys?',
    (value, indentArrays = false, end = true, quoteKeys = true) =>
      yamlStream(
        value,
        yamlOptions('manifestYamlStream', indentArrays, quoteKeys),
        bool('manifestYamlStream', end),
      ),
  ],
  manifestToml: ['value', value => tomlTable(objectValue('manifestToml', value), [], '  ', '').join('\n\n')],
  manifestTomlEx: [
    'value indent',
    (value, indent) =>
      tomlTable(objectValue('manifestTomlEx', value), [], string('manifestTomlEx', indent), '').join('\n\n'),
  ],
  manifestXmlJsonml: ['value', xml],
};
