import { expect, test } from 'vitest';
import { builderEntry, builderNames, versionedName } from '../../src/builders/registry.ts';

test.for(builderNames)('the registry says of %s what the builder says of itself', async name => {
  const entry = builderEntry(versionedName(name)!);
  const builder = await entry.load();
  expect({ name: builder.name, version: builder.version, thread: builder.thread }).toEqual({
    name,
    version: entry.version,
    thread: entry.thread,
  });
});

test('a builder of another version, or of no name, is unknown', () => {
  for (const name of ['wheel@999', 'wheel', 'other@1', '']) {
    expect(() => builderEntry(name), name).toThrowError(expect.objectContaining({ code: 'builder/unknown' }));
  }
  expect(versionedName('other')).toBeUndefined();
});
