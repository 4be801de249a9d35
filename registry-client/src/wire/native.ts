// Calls of Linux that Node has no functions for, through node:ffi where this Node has it. They save time and nothing else:
// without them the same bytes go another way.

export type Native = {
  /** sendfile(2): how many bytes the socket took of the file, from `position[0]` on; negative when none. */
  sendfile(socket: number, file: number, position: BigInt64Array, count: bigint): bigint;
  /**
   * Until it is told to stop, this thread waits for a core when it wakes, instead of interrupting what runs there
   * (SCHED_BATCH of sched(7)), such as the registry, where it is on the same machine.
   */
  startBatch(): void;
  stopBatch(): void;
};

const schedOther = 0;
const schedBatch = 3;

// Loading it takes as long as the transfer of some megabytes.
const worthwhileBytes = 1 << 20;

let loaded: { readonly native: Native | undefined } | undefined;

/** For a transfer of so many bytes; undefined where Node cannot call the system, or it is not worth it. */
export function nativeFor(bytes: number): Native | undefined {
  if (bytes < worthwhileBytes) return undefined;
  loaded ??= { native: findNative() };
  return loaded.native;
}

// Where off_t has 64 bits. A Node that reads signatures in another way refuses the trial call.
function findNative(): Native | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined;
  try {
    const { functions } = process.getBuiltinModule('node:ffi').dlopen(null, {
      sendfile: { arguments: ['i32', 'i32', 'buffer', 'u64'], return: 'i64' },
      sched_getscheduler: { arguments: ['i32'], return: 'i32' },
      sched_setscheduler: { arguments: ['i32', 'i32', 'buffer'], return: 'i32' },
    });
    const { sendfile, sched_getscheduler: policyOf, sched_setscheduler: setPolicy } = functions;
    if (sendfile(-1, -1, new BigInt64Array(1), 0n) !== -1n) return undefined;
    const change = (from: number, to: number) => {
      if (policyOf(0) === from) setPolicy(0, to, new Int32Array(1));
    };
    let inBatch = 0;
    return {
      sendfile,
      startBatch() {
        inBatch += 1;
        if (inBatch === 1) change(schedOther, schedBatch);
      },
      stopBatch() {
        inBatch -= 1;
        if (inBatch === 0) change(schedBatch, schedOther);
      },
    };
  } catch {
    return undefined;
  }
}
