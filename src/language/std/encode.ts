// std: bytes, base64 and digests.
import { force } from '../operators.ts';
import { JArray, type Value } from '../values.ts';
import { array, type Group, problem, string } from './define.ts';

function bytesOf(name: string, value: Value): Buffer {
  const numbers = array(name, value).map(item => {
    const byte = force(item);
    if (typeof byte === 'number' && Number.isInteger(byte) && byte >= 0 && byte <= 255) return byte;
    throw problem(name, 'takes an array of whole numbers from 0 to 255');
  });
  return Buffer.from(numbers);
}

function base64(value: Value): string {
  if (typeof value !== 'string') return bytesOf('base64', value).toString('base64');
  for (const point of value) {
    if (point.codePointAt(0)! > 255)
      throw problem(
        'base64',
        'takes a string of characters up to U+00FF',
        'encode it first: std.base64(std.encodeUTF8(s))',
      );
  }
  return Buffer.from(value, 'latin1').toString('base64');
}

function decode(name: string, value: Value): Buffer {
  const text = string(name, value);
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw problem(name, 'takes base64 text, whose length is a multiple of 4');
  return Buffer.from(text, 'base64');
}

// Loaded when the first digest is asked for: few programs do, and it takes 8 ms.
const digest = (name: string, algorithm: string): Group => ({
  [name]: [
    's',
    (s: Value) => {
      const { createHash } = process.getBuiltinModule('node:crypto');
      return createHash(algorithm).update(string(name, s)).digest('hex');
    },
  ],
});

export const encodings: Group = {
  encodeUTF8: ['str', str => new JArray([...Buffer.from(string('encodeUTF8', str), 'utf8')])],
  decodeUTF8: ['arr', list => bytesOf('decodeUTF8', list).toString('utf8')],
  base64: ['input', base64],
  base64Decode: ['str', str => decode('base64Decode', str).toString('latin1')],
  base64DecodeBytes: ['str', str => new JArray([...decode('base64DecodeBytes', str)])],
  ...digest('md5', 'md5'),
  ...digest('sha1', 'sha1'),
  ...digest('sha256', 'sha256'),
  ...digest('sha512', 'sha512'),
  ...digest('sha3', 'sha3-512'),
};
