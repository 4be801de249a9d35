// Ten thousand generated programs do the same here and in go-jsonnet. Without Go the test is skipped.
import { expect, it } from 'vitest';
import { compareWithGo, goJsonnet } from '../../language/differential.ts';

const programs = Number(process.env.COGPACK_PROGRAMS ?? 10_000);

it.skipIf(goJsonnet === undefined)(
  `${programs} generated programs do the same in go-jsonnet`,
  { timeout: 3_600_000 },
  async () => {
    const { counts, unexplained } = await compareWithGo(goJsonnet!, programs);
    const lines = Object.entries(counts).map(([what, count]) => `${String(count).padStart(7)}  ${what}`);
    process.stdout.write(`\n${lines.join('\n')}\n`);
    expect(unexplained.slice(0, 5)).toEqual([]);
  },
);
