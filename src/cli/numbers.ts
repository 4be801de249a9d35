// Numbers of the command line.
import { InvalidArgumentError } from 'commander';

/** A whole number from 1 on. */
export function positiveInteger(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('a whole number from 1 on is expected');
  return number;
}

/** A whole number from 0 on. */
export function wholeNumber(text: string): number {
  return text === '0' ? 0 : positiveInteger(text);
}
