// Numbers as text. A whole number is written out in full; another has 17 significant digits as C's %.17g gives them,
// which is what the reference implementation prints.

/** Base to a power. Whole powers of whole numbers are computed exactly and rounded once; the engine's own are not. */
export function power(base: number, exponent: number): number {
  const isWhole = Number.isSafeInteger(base) && Number.isInteger(exponent) && exponent >= 0;
  if (!isWhole || exponent * Math.log2(Math.abs(base) + 1) > 1100) return base ** exponent;
  return Number(BigInt(base) ** BigInt(exponent));
}

/** The text of a finite number. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) {
    if (Math.abs(value) < 1e21) return Object.is(value, -0) ? '-0' : String(value);
    return BigInt(value).toString();
  }
  return significant(value, 17);
}

/** %.<digits>g: the shorter of fixed and exponent form by C's rule, without trailing zeros. */
export function significant(value: number, digits: number): string {
  const [mantissa = '', exponentText = ''] = value.toExponential(digits - 1).split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? '-' : '+';
    return `${stripZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return stripZeros(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

function stripZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
