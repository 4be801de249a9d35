// Random Jsonnet programs, each from a seed alone. Most are right by type, so that evaluation gets far; a small part of
// the choices ignores types, so that errors are met too. `std` is called with arguments that each function takes.

type Kind = 'number' | 'integer' | 'string' | 'boolean' | 'array' | 'numbers' | 'strings' | 'object' | 'any';
type Variable = { readonly name: string; readonly kind: Kind };

/** std's functions: the kinds of the arguments, and of what comes back. `f:` is a function of these kinds. */
const library: readonly (readonly [name: string, args: readonly string[], result: Kind])[] = [
  ['abs', ['number'], 'number'],
  ['sign', ['number'], 'integer'],
  ['max', ['number', 'number'], 'number'],
  ['min', ['number', 'number'], 'number'],
  ['floor', ['number'], 'number'],
  ['ceil', ['number'], 'number'],
  ['round', ['number'], 'number'],
  ['sqrt', ['number'], 'number'],
  ['pow', ['number', 'integer'], 'number'],
  ['mod', ['integer', 'integer'], 'integer'],
  ['clamp', ['number', 'number', 'number'], 'number'],
  ['exponent', ['number'], 'integer'],
  ['mantissa', ['number'], 'number'],
  ['isEven', ['integer'], 'boolean'],
  ['isOdd', ['integer'], 'boolean'],
  ['isInteger', ['number'], 'boolean'],
  ['isDecimal', ['number'], 'boolean'],
  ['length', ['any'], 'integer'],
  ['length', ['string'], 'integer'],
  ['length', ['array'], 'integer'],
  ['length', ['object'], 'integer'],
  ['type', ['any'], 'string'],
  ['toString', ['any'], 'string'],
  ['codepoint', ['string'], 'integer'],
  ['char', ['integer'], 'string'],
  ['substr', ['string', 'integer', 'integer'], 'string'],
  ['findSubstr', ['string', 'string'], 'numbers'],
  ['startsWith', ['string', 'string'], 'boolean'],
  ['endsWith', ['string', 'string'], 'boolean'],
  ['stripChars', ['string', 'string'], 'string'],
  ['lstripChars', ['string', 'string'], 'string'],
  ['rstripChars', ['string', 'string'], 'string'],
  ['split', ['string', 'string'], 'strings'],
  ['splitLimit', ['string', 'string', 'integer'], 'strings'],
  ['splitLimitR', ['string', 'string', 'integer'], 'strings'],
  ['strReplace', ['string', 'string', 'string'], 'string'],
  ['isEmpty', ['string'], 'boolean'],
  ['trim', ['string'], 'string'],
  ['equalsIgnoreCase', ['string', 'string'], 'boolean'],
  ['asciiUpper', ['string'], 'string'],
  ['asciiLower', ['string'], 'string'],
  ['stringChars', ['string'], 'strings'],
  ['format', ['string', 'array'], 'string'],
  ['escapeStringBash', ['string'], 'string'],
  ['escapeStringDollars', ['string'], 'string'],
  ['escapeStringJson', ['string'], 'string'],
  ['escapeStringPython', ['string'], 'string'],
  ['escapeStringXML', ['string'], 'string'],
  ['parseInt', ['string'], 'integer'],
  ['parseOctal', ['string'], 'integer'],
  ['parseHex', ['string'], 'integer'],
  ['encodeUTF8', ['string'], 'numbers'],
  ['decodeUTF8', ['numbers'], 'string'],
  ['base64', ['string'], 'string'],
  ['base64Decode', ['string'], 'string'],
  ['md5', ['string'], 'string'],
  ['manifestJson', ['any'], 'string'],
  ['manifestJsonMinified', ['any'], 'string'],
  ['manifestJsonEx', ['any', 'string'], 'string'],
  ['manifestPython', ['any'], 'string'],
  ['manifestYamlDoc', ['any', 'boolean', 'boolean'], 'string'],
  ['manifestYamlStream', ['array'], 'string'],
  ['manifestTomlEx', ['object', 'string'], 'string'],
  ['manifestPythonVars', ['object'], 'string'],
  ['makeArray', ['size', 'f:integer'], 'array'],
  ['member', ['array', 'any'], 'boolean'],
  ['count', ['array', 'any'], 'integer'],
  ['find', ['any', 'array'], 'numbers'],
  ['map', ['f:any', 'array'], 'array'],
  ['mapWithIndex', ['f:integer,any', 'array'], 'array'],
  ['filterMap', ['p:any', 'f:any', 'array'], 'array'],
  ['flatMap', ['a:any', 'array'], 'array'],
  ['filter', ['p:any', 'array'], 'array'],
  ['foldl', ['f:any,any', 'array', 'any'], 'any'],
  ['foldr', ['f:any,any', 'array', 'any'], 'any'],
  ['range', ['integer', 'integer'], 'numbers'],
  ['repeat', ['array', 'size'], 'array'],
  ['repeat', ['string', 'size'], 'string'],
  ['slice', ['array', 'integer', 'integer', 'step'], 'array'],
  ['slice', ['string', 'integer', 'integer', 'step'], 'string'],
  ['join', ['string', 'strings'], 'string'],
  ['deepJoin', ['strings'], 'string'],
  ['lines', ['strings'], 'string'],
  ['flattenArrays', ['arrays'], 'array'],
  ['flattenDeepArray', ['array'], 'array'],
  ['reverse', ['array'], 'array'],
  ['sort', ['numbers'], 'numbers'],
  ['sort', ['strings'], 'strings'],
  ['sort', ['array', 'n:any'], 'array'],
  ['uniq', ['numbers'], 'numbers'],
  ['uniq', ['array'], 'array'],
  ['set', ['strings'], 'strings'],
  ['set', ['numbers'], 'numbers'],
  ['setUnion', ['set', 'set'], 'numbers'],
  ['setInter', ['set', 'set'], 'numbers'],
  ['setDiff', ['set', 'set'], 'numbers'],
  ['setMember', ['integer', 'set'], 'boolean'],
  ['all', ['booleans'], 'boolean'],
  ['any', ['booleans'], 'boolean'],
  ['sum', ['numbers'], 'number'],
  ['avg', ['numbers'], 'number'],
  ['minArray', ['numbers'], 'number'],
  ['maxArray', ['strings'], 'string'],
  ['contains', ['array', 'any'], 'boolean'],
  ['remove', ['array', 'any'], 'array'],
  ['removeAt', ['array', 'integer'], 'array'],
  ['objectFields', ['object'], 'strings'],
  ['objectFieldsAll', ['object'], 'strings'],
  ['objectValues', ['object'], 'array'],
  ['objectValuesAll', ['object'], 'array'],
  ['objectKeysValues', ['object'], 'array'],
  ['objectHas', ['object', 'key'], 'boolean'],
  ['objectHasAll', ['object', 'key'], 'boolean'],
  ['objectRemoveKey', ['object', 'key'], 'object'],
  ['get', ['object', 'key', 'any', 'boolean'], 'any'],
  ['mapWithKey', ['f:string,any', 'object'], 'object'],
  ['mergePatch', ['any', 'any'], 'any'],
  ['prune', ['any'], 'any'],
  ['equals', ['any', 'any'], 'boolean'],
  ['primitiveEquals', ['number', 'number'], 'boolean'],
  ['xor', ['boolean', 'boolean'], 'boolean'],
  ['xnor', ['boolean', 'boolean'], 'boolean'],
  ['resolvePath', ['string', 'string'], 'string'],
  ['parseJson', ['json'], 'any'],
  ['isString', ['any'], 'boolean'],
  ['isNumber', ['any'], 'boolean'],
  ['isArray', ['any'], 'boolean'],
  ['isObject', ['any'], 'boolean'],
  ['isFunction', ['any'], 'boolean'],
  ['isBoolean', ['any'], 'boolean'],
];

const keys = ['a', 'b', 'c', 'd', 'x-y', 'é', '10', ''];
const words = [
  '',
  'a',
  'ab',
  'b',
  'hello',
  'Hello World',
  ' x ',
  'a,b,c',
  'é',
  '😀',
  'z\\n',
  '%d',
  '%s and %s',
  '%05.2f',
  '%-6s|',
  '%x',
  '12',
  '0x1F',
  "it's",
  '<&>',
  '$x',
  'Ünï',
  '\\u0001',
  'true',
  '-1',
  'a: b',
];
const kinds: readonly Kind[] = [
  'number',
  'integer',
  'string',
  'boolean',
  'array',
  'numbers',
  'strings',
  'object',
];

/** The program of a seed. */
export function generate(seed: number): string {
  const random = mulberry(seed);
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  let counter = 0;
  let budget = 120;

  const name = (prefix: string) => {
    counter += 1;
    return `${prefix}${counter}`;
  };

  const expression = (wanted: string, depth: number, scope: readonly Variable[]): string => {
    budget -= 1;
    const kind =
      random() < 0.015 ? pick(kinds) : wanted === 'any' ? (random() < 0.1 ? 'null' : pick(kinds)) : wanted;
    const usable = scope.filter(variable => variable.kind === kind);
    if (usable.length > 0 && random() < 0.35) return pick(usable).name;
    if (depth <= 0 || budget <= 0) return leaf(kind, scope);
    const roll = random();
    if (roll < 0.3) return leaf(kind, scope);
    if (roll < 0.36) return local(kind, depth, scope);
    if (roll < 0.42) {
      return `(if ${expression('boolean', depth - 1, scope)} then ${expression(kind, depth - 1, scope)} else ${expression(kind, depth - 1, scope)})`;
    }
    if (roll < 0.46) return call(kind, depth, scope);
    if (roll < 0.49) {
      return `[${expression(kind, depth - 1, scope)}, ${expression('any', depth - 1, scope)}][0]`;
    }
    if (roll < 0.52) {
      return `{ a: ${expression(kind, depth - 1, scope)}, b: ${expression('any', depth - 1, scope)} }.a`;
    }
    if (roll < 0.75) {
      const fitting = library.filter(
        ([, , result]) => result === kind || (result === 'any' && random() < 0.2),
      );
      if (fitting.length > 0) {
        const [fn, args] = pick(fitting);
        return `std.${fn}(${args.map(arg => argument(arg, depth - 1, scope)).join(', ')})`;
      }
    }
    return operation(kind, depth, scope);
  };

  const argument = (wanted: string, depth: number, scope: readonly Variable[]): string => {
    if (/^[fpan]:/.test(wanted)) {
      const parameters = wanted
        .slice(2)
        .split(',')
        .map(kind => ({ name: name('p'), kind: kind as Kind }));
      const result = { f: 'any', p: 'boolean', a: 'array', n: 'number' }[wanted[0]!]!;
      return `function(${parameters.map(p => p.name).join(', ')}) ${expression(result, depth, [...scope, ...parameters])}`;
    }
    switch (wanted) {
      case 'size':
        return String(below(5));
      case 'step':
        return String(1 + below(3));
      case 'key':
        return quote(pick(keys));
      case 'set':
        return `std.set(${expression('numbers', depth, scope)})`;
      case 'booleans':
        return list('boolean', depth, scope);
      case 'arrays':
        return list('array', depth, scope);
      case 'json':
        return pick([
          `std.toString(${expression('any', depth, scope)})`,
          `'{"a": [1, 2.5, null, true], "b": "x\\\\n"}'`,
          "'[1, ]'",
          "'-0.5e3'",
        ]);
      default:
        return expression(wanted, depth, scope);
    }
  };

  const list = (kind: string, depth: number, scope: readonly Variable[]): string =>
    `[${Array.from({ length: below(4) }, () => expression(kind, depth - 1, scope)).join(', ')}]`;

  const leaf = (kind: string, scope: readonly Variable[]): string => {
    const usable = scope.filter(variable => variable.kind === kind);
    if (usable.length > 0 && random() < 0.5) return pick(usable).name;
    switch (kind) {
      case 'null':
        return 'null';
      case 'number':
        return pick([
          '0',
          '1',
          '-1',
          '2.5',
          '0.1',
          '1e10',
          '-3.75',
          '123456789',
          '1e-7',
          '3.14159',
          '1e21',
          '100',
        ]);
      case 'integer':
        return pick(['0', '1', '2', '3', '5', '7', '-2', '64', '10']);
      case 'string':
        return `'${pick(words).replaceAll("'", "\\'")}'`;
      case 'boolean':
        return pick(['true', 'false']);
      case 'array':
        return pick([
          '[]',
          '[1, "a", null]',
          '[[1], [2, 3]]',
          '[{ a: 1 }, { a: 2 }]',
          '[true, false]',
          '[1, 2, 3]',
          '["a", "b"]',
        ]);
      case 'numbers':
        return pick(['[]', '[3, 1, 2]', '[1.5, -2, 1.5]', '[10, 9, 10, 65]']);
      case 'strings':
        return pick(['[]', "['b', 'a', 'c']", "['x', '', 'x']", "['é', 'e', 'z', '😀']"]);
      default:
        return pick([
          '{}',
          '{ a: 1 }',
          "{ a: 'x', b:: 2, c: [1] }",
          '{ a: { b: { c: 1 } } }',
          "{ 'x-y': null, d: true }",
        ]);
    }
  };

  const local = (kind: string, depth: number, scope: readonly Variable[]): string => {
    const variable = { name: name('v'), kind: pick(kinds) };
    return `(local ${variable.name} = ${expression(variable.kind, depth - 1, scope)}; ${expression(kind, depth - 1, [...scope, variable])})`;
  };

  const call = (kind: string, depth: number, scope: readonly Variable[]): string => {
    const parameters = Array.from({ length: 1 + below(2) }, () => ({ name: name('p'), kind: pick(kinds) }));
    const fn = name('f');
    const optional = random() < 0.3;
    const written = parameters.map(({ name: parameter, kind: type }, index) =>
      optional && index === parameters.length - 1 ? `${parameter}=${leaf(type, scope)}` : parameter,
    );
    const given = parameters.slice(0, optional && random() < 0.5 ? -1 : undefined);
    const args = given.map(({ name: parameter, kind: type }) => {
      const value = expression(type, depth - 1, scope);
      return random() < 0.2 ? `${parameter}=${value}` : value;
    });
    const ordered = args.some(
      (arg, i) => /^p\d+=/.test(arg) && args.slice(i).some(after => !/^p\d+=/.test(after)),
    )
      ? args.map(arg => arg.replace(/^p\d+=(?!=)/, ''))
      : args;
    const body = expression(kind, depth - 1, [...scope, ...parameters]);
    return `(local ${fn}(${written.join(', ')}) = ${body}; ${fn}(${ordered.join(', ')}))`;
  };

  const operation = (kind: string, depth: number, scope: readonly Variable[]): string => {
    const of = (wanted: string) => expression(wanted, depth - 1, scope);
    switch (kind) {
      case 'number':
        return pick([
          () => `(${of('number')} ${pick(['+', '-', '*', '/'])} ${of('number')})`,
          () => `-${of('integer')}`,
          () => `(${of('integer')} % ${of('integer')})`,
        ])();
      case 'integer':
        return pick([
          () => `(${of('integer')} ${pick(['+', '-', '*', '&', '|', '^'])} ${of('integer')})`,
          () => `~${of('integer')}`,
          () => `(${of('integer')} ${pick(['<<', '>>'])} ${below(8)})`,
        ])();
      case 'string':
        return pick([
          () => `(${of('string')} + ${of('any')})`,
          () => `(${of('any')} + ${of('string')})`,
          () => `(${of('string')} % ${of('array')})`,
          () => `${of('string')}[${below(4)}:${below(6)}:${1 + below(2)}]`,
          () => `('%s' % ${of('any')})`,
          () =>
            `('${pick(['%d', '%5.1f', '%e', '%g', '%o', '%X', '%+d', '% d', '%#x', '%08.3f', '%c', '%i', '%-8g|', '%.3s'])}' % [${of(pick(['number', 'integer', 'string']))}])`,
        ])();
      case 'boolean':
        return pick([
          () => `(${of('number')} ${pick(['<', '<=', '>', '>='])} ${of('number')})`,
          () => `(${of('string')} ${pick(['<', '<=', '>', '>='])} ${of('string')})`,
          () => `(${of('any')} ${pick(['==', '!='])} ${of('any')})`,
          () => `(${of('boolean')} ${pick(['&&', '||'])} ${of('boolean')})`,
          () => `!${of('boolean')}`,
          () => `(${quote(pick(keys))} in ${of('object')})`,
          () => `(${of('numbers')} < ${of('numbers')})`,
        ])();
      case 'array':
        return pick([
          () => `(${of('array')} + ${of('array')})`,
          () => list('any', depth, scope),
          () => comprehension(depth, scope),
          () =>
            `${of('array')}[${pick(['', '0', '1', '-1', '-2'])}:${pick(['', '1', '3', '-1'])}${pick(['', ':2'])}]`,
        ])();
      case 'numbers':
        return pick([() => list('number', depth, scope), () => `(${of('numbers')} + ${of('numbers')})`])();
      case 'strings':
        return pick([() => list('string', depth, scope), () => `(${of('strings')} + ${of('strings')})`])();
      case 'object':
        return pick([
          () => object(depth, scope),
          () => `(${of('object')} + ${of('object')})`,
          () => `${object(depth, scope)} ${object(depth, scope)}`,
          () => objectComprehension(depth, scope),
        ])();
      default:
        return leaf(kind, scope);
    }
  };

  const comprehension = (depth: number, scope: readonly Variable[]): string => {
    const [kind, source] = pick([
      ['number', 'numbers'],
      ['string', 'strings'],
      ['any', 'array'],
    ] as const);
    const item = { name: name('i'), kind };
    const inner = [...scope, item];
    const filter = random() < 0.4 ? ` if ${expression('boolean', depth - 1, inner)}` : '';
    const second = random() < 0.2 ? ` for ${name('i')} in ${expression('numbers', depth - 1, inner)}` : '';
    return `[${expression('any', depth - 1, inner)} for ${item.name} in ${expression(source, depth - 1, scope)}${filter}${second}]`;
  };

  const objectComprehension = (depth: number, scope: readonly Variable[]): string => {
    const item = { name: name('i'), kind: 'string' as const };
    return `{ ['k' + ${item.name}]: ${expression('any', depth - 1, [...scope, item])} for ${item.name} in std.set(${expression('strings', depth - 1, scope)}) }`;
  };

  const object = (depth: number, scope: readonly Variable[]): string => {
    const own = Array.from({ length: 1 + below(3) }, (_, index) => ({
      key: keys[index]!,
      kind: pick(kinds),
    }));
    const bound = random() < 0.3 ? { name: name('v'), kind: pick(kinds) } : undefined;
    const inner = bound === undefined ? scope : [...scope, bound];
    const members = own.map(({ key, kind }, index) => {
      const before = own.slice(0, index).find(field => field.kind === kind);
      const value =
        before !== undefined && random() < 0.4 ? `self.${before.key}` : expression(kind, depth - 1, inner);
      const plus = random() < 0.15 ? '+' : '';
      const named = random() < 0.2 ? `['${key}']` : random() < 0.2 ? `'${key}'` : key;
      return `${named}${plus}${pick([':', ':', ':', '::', ':::'])} ${value}`;
    });
    if (bound !== undefined)
      members.push(`local ${bound.name} = ${expression(bound.kind, depth - 1, scope)}`);
    if (random() < 0.1) members.push(`assert ${expression('boolean', depth - 1, inner)} || true`);
    if (random() < 0.15) members.push(`d: if 'a' in super then super.a else 'none'`);
    return `{ ${members.join(', ')} }`;
  };

  return expression('any', 6, []);
}

function quote(text: string): string {
  return `'${text}'`;
}

// The generator mulberry32: small, and the same everywhere.
function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
