// Numbers of the command line.
import { InvalidArgumentError } from 'commander';

/** A whole number from 1 on. */
export function positiveInteger(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('a whole number from 1 on is expected');
  return number;
}
