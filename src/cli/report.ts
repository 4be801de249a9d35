// Errors on stderr, and the exit code: 1 what the user can mend, 70 a defect of cogpack (sysexits EX_SOFTWARE),
// 130 stopped by ^C.
import { readFileSync } from 'node:fs';
import { CogpackError } from '../base/error.ts';
import { sourceText } from '../language/location.ts';
import { renderError } from '../language/render.ts';
import { wantsColour } from './terminal.ts';

/** Prints what was thrown and gives the exit code. */
export function report(error: unknown): number {
  if (error instanceof Error && error.name === 'AbortError') {
    process.stderr.write('stopped; the store is sound, and the next run goes on from here\n');
    return 130;
  }
  if (isUserError(error)) {
    const shown = error instanceof CogpackError ? error : asCogpackError(error);
    process.stderr.write(`${renderError(shown, { readSource, colour: wantsColour(process.stderr) })}\n`);
    return 1;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`this is a defect of cogpack; please report it with the lines below\n${text}\n`);
  return 70;
}

type Explained = Error & { readonly code: string; readonly hint?: string };

// A RegistryError has a code and a hint too; that package knows nothing of CogpackError.
function isUserError(error: unknown): error is Explained {
  return error instanceof CogpackError || (error instanceof Error && error.name === 'RegistryError');
}

function asCogpackError(error: Explained): CogpackError {
  return new CogpackError(`registry/${error.code}`, error.message, { hint: error.hint });
}

function readSource(file: string): string | undefined {
  const evaluated = sourceText(file);
  if (evaluated !== undefined) return evaluated;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
