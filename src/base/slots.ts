// Bounds how many things are under way at one time; who comes first is served first.

export type Slots = {
  take(): Promise<void>;
  give(): void;
};

export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  return {
    take() {
      if (free > 0) {
        free -= 1;
        return Promise.resolve();
      }
      return new Promise(resolve => waiting.push(resolve));
    },
    give() {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}

/** Runs `action` in a slot. */
export async function inSlot<T>(slots: Slots, action: () => Promise<T>): Promise<T> {
  await slots.take();
  try {
    return await action();
  } finally {
    slots.give();
  }
}
