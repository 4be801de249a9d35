// The length and distance codes of deflate (RFC 1951, section 3.2.5), as lookup tables.

export const lengthExtra = Uint8Array.from([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
export const distanceExtra = Uint8Array.from({ length: 30 }, (_, code) => Math.max(0, (code >> 1) - 1));

export const lengthBase = Uint16Array.from({ length: 29 }, (_, code) =>
  code === 28 ? 258 : 3 + sum(lengthExtra, code),
);
export const distanceBase = Uint16Array.from({ length: 30 }, (_, code) => 1 + sum(distanceExtra, code));

/** Match length (3 … 258) → its code (257 … 285). */
export const lengthCode = new Uint16Array(259);
for (let code = 0; code < 29; code++) {
  for (
    let length = lengthBase[code]!;
    length < 259 && length < lengthBase[code]! + (1 << lengthExtra[code]!);
    length++
  ) {
    lengthCode[length] = 257 + code;
  }
}
lengthCode[258] = 285;

// Distances up to 256 have an entry each; above, one for every 128, which is where codes change.
const nearCodes = new Uint8Array(257);
const farCodes = new Uint8Array(256);
for (let code = 0; code < 30; code++) {
  const first = distanceBase[code]!;
  for (let distance = first; distance < first + 2 ** distanceExtra[code]!; distance++) {
    if (distance <= 256) nearCodes[distance] = code;
    else farCodes[(distance - 1) >> 7] = code;
  }
}

/** Match distance (1 … 32,768) → its code (0 … 29). */
export function distanceCode(distance: number): number {
  return distance <= 256 ? nearCodes[distance]! : farCodes[(distance - 1) >> 7]!;
}

function sum(extra: Uint8Array, codes: number): number {
  let total = 0;
  for (let code = 0; code < codes; code++) total += 2 ** extra[code]!;
  return total;
}
