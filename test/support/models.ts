// The example models, with one prediction each. `large` ones download more than 20 MB of their own.

export type ModelCase = {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly output: unknown;
  readonly large?: boolean;
};

/** An orange PNG of 4 by 2 pixels. */
const picture =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAQAAAACCAIAAADwyuo0AAAAEElEQVR4nGP438AARwzIHACjqgv5HOrzZgAAAABJRU5ErkJggg==';

export const models: readonly ModelCase[] = [
  { name: 'cog-yaml', inputs: ['number=1000000'], output: '1.0 million' },
  { name: 'concurrent', inputs: ['seconds=0.1'], output: 'waited 0.1 s' },
  { name: 'edges', inputs: ['side=30'], output: 120, large: true },
  { name: 'pylock', inputs: ['text=# hi'], output: '<h1>hi</h1>' },
  { name: 'secret', inputs: ['token=12345'], output: 5 },
  { name: 'stream', inputs: ['text=a b c'], output: ['a ', 'b ', 'c '] },
  { name: 'structured', inputs: ['text=a bbb cc'], output: { words: 3, longest: 'bbb' } },
  {
    name: 'thumbnail',
    inputs: [`image=${picture}`, 'width=2'],
    output: /^data:image\/png;base64,/,
  },
  { name: 'transcode', inputs: ['seconds=3'], output: 3, large: true },
  { name: 'uv-project', inputs: ['count=3'], output: 'hello to three friends' },
];
