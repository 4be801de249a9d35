// Contracts: what a function or a block accepts, as data. The native `check` reads them, and docs are made of them.
{
  any:: { kind: 'any' },
  boolean:: { kind: 'boolean' },
  number:: { kind: 'number' },
  string:: { kind: 'string' },
  derivation:: { kind: 'derivation' },
  callable:: { kind: 'function' },

  // A string that one of the formats accepts (src/description/formats.ts): 'absolutePath', 'port', …
  format(name):: { kind: 'string', format: name },
  oneOf(choices):: { kind: 'string', choices: choices },
  arrayOf(items):: { kind: 'array', items: items },
  // A port as a number; as a string it is format('port').
  port:: { kind: 'number', format: 'port' },

  // An object whose names are of one format and whose values are of one contract.
  mapOf(keys, values):: { kind: 'map', keys: keys, values: values },
  anyOf(contracts):: { kind: 'union', of: contracts },
  optional(inner):: { kind: 'union', of: [inner, { kind: 'null' }] },
  object(name, fields):: { kind: 'object', name: name, fields: fields },

  field(contract, doc):: { contract: contract, doc: doc },
  required(contract, doc):: { contract: contract, doc: doc, required: true },

  // Gives `value` if it keeps the contract; otherwise the error has the line of the field that does not.
  checked(contract, value, name):: if std.native('check')(contract, value, name) then value,
}
