// Errors of a running program, and the frames that were entered when one arose. Frames are kept in one array of place
// numbers: entering and leaving one is a store and a count.
import { CogpackError, type ErrorDetails } from '../base/error.ts';
import { fileOf, type Location, spanOf } from './location.ts';

export type Bounds = {
  /** Frames that may be open at one time: calls, fields and thunks under evaluation. */
  readonly maxStack: number;
  /** Frames that may be entered altogether. */
  readonly maxSteps: number;
  /** Frames in the trace of an error; 0 for all. */
  readonly maxTrace: number;
};

let frames = new Int32Array(1024);
let depth = 0;
let bounds: Bounds = { maxStack: 500, maxSteps: Number.POSITIVE_INFINITY, maxTrace: 20 };
// How deep the frames may grow before `full` looks at the bound, and how many may be entered before `spent` does.
let capacity = bounds.maxStack;
let steps = 0;
let stepsBefore = 0;
const longStretch = 2 ** 29;
let stretch = longStretch;

/** Enters a frame that was opened at a place (0 for none). Throws `jsonnet/stack`, `jsonnet/steps`. */
export function enter(location: Location): void {
  if (depth >= capacity) full(location);
  frames[depth] = location;
  depth += 1;
  steps += 1;
  if (steps > stretch) spent(location);
}

export function leave(): void {
  depth -= 1;
}

/** What `action` gives, in a frame of its own: for what the library does by recursion. */
export function deeper<T>(location: Location, action: () => T): T {
  enter(location);
  const result = action();
  leave();
  return result;
}

/** Counts the steps of what is done in one go, like making an array. Throws `jsonnet/steps`. */
export function spend(count: number, location: Location): void {
  stepsBefore += count;
  if (bounds.maxSteps !== Number.POSITIVE_INFINITY) spent(location);
}

function full(location: Location): void {
  if (depth >= bounds.maxStack) stackExceeded(location);
  if (depth >= frames.length) {
    const larger = new Int32Array(frames.length * 2);
    larger.set(frames);
    frames = larger;
  }
  capacity = Math.min(frames.length, bounds.maxStack);
}

function spent(location: Location): void {
  stepsBefore += steps;
  steps = 0;
  if (stepsBefore > bounds.maxSteps) {
    throw failure('jsonnet/steps', `the program took more than ${bounds.maxSteps} steps`, location);
  }
  stretch = Math.min(longStretch, bounds.maxSteps - stepsBefore);
}

function stackExceeded(location: Location): never {
  throw failure(
    'jsonnet/stack',
    `max stack frames exceeded: more than ${bounds.maxStack} are open`,
    location,
    {
      hint: 'look for a function, field or local that needs itself; a program that is right and deep needs a larger --max-stack',
    },
  );
}

/**
 * Runs the host's way into the language: with these bounds when it is the outermost, and with the frames as they were
 * when it ends. A JavaScript stack that is too small for a legal program is told as `jsonnet/host-stack`.
 */
export function inside<T>(action: () => T, wanted?: Bounds): T {
  const before = depth;
  if (wanted !== undefined) {
    bounds = wanted;
    capacity = Math.min(frames.length, bounds.maxStack);
    if (before === 0) {
      steps = 0;
      stepsBefore = 0;
      stretch = Math.min(longStretch, bounds.maxSteps);
    }
  }
  try {
    return action();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    depth = Math.min(depth, frames.length);
    if (error.message.includes('call stack')) {
      throw failure(
        'jsonnet/host-stack',
        'max stack frames exceeded: the program is nested too deeply',
        innermost(),
      );
    }
    throw failure('jsonnet/size', `a value is too large: ${error.message}`, innermost(), {
      hint: 'a string has at most 2^29 characters, an array at most 2^32 - 2 elements',
    });
  } finally {
    depth = before;
  }
}

function innermost(): Location {
  for (let at = depth - 1; at >= 0; at -= 1) if (frames[at] !== 0) return frames[at]!;
  return program;
}

let program: Location = 0;

/** The place of errors that have no other: the program as a whole. */
export function programAt(location: Location): void {
  program = location;
}

/** An error at a place, or in the innermost frame that has one, with the frames that led there. */
export function failure(
  code: string,
  message: string,
  location: Location,
  details: ErrorDetails = {},
): CogpackError {
  const place = location === 0 || fileOf(location)?.library === true ? (userFrame() ?? location) : location;
  return new CogpackError(code, message, {
    ...details,
    span: spanOf(place === 0 ? innermost() : place),
    trace: trace(place),
  });
}

/** The place of the innermost frame that is not the library's. */
export function callerLocation(): Location {
  return userFrame() ?? innermost();
}

function userFrame(): Location | undefined {
  for (let at = depth - 1; at >= 0; at -= 1) {
    const location = frames[at]!;
    if (location !== 0 && fileOf(location)?.library !== true) return location;
  }
  return undefined;
}

// A place needs two searches of its file for line breaks, so a trace has an end.
const mostShown = 1000;

// The library's own frames are left out, and a long trace loses its middle.
function trace(place: Location): NonNullable<ErrorDetails['trace']> {
  const shown: { what: string; span: ReturnType<typeof spanOf> }[] = [];
  let last = place;
  for (let at = depth - 1; at >= 0; at -= 1) {
    const location = frames[at]!;
    if (location === 0 || location === last || fileOf(location)?.library === true) continue;
    last = location;
    shown.push({ what: 'in', span: spanOf(location) });
    if (shown.length > mostShown) break;
  }
  const { maxTrace } = bounds;
  if (maxTrace === 0 || shown.length <= maxTrace) return shown;
  const first = Math.ceil(maxTrace / 2);
  return [
    ...shown.slice(0, first),
    { what: `… ${shown.length - maxTrace} more frames …`, span: undefined },
    ...shown.slice(shown.length - (maxTrace - first)),
  ];
}
