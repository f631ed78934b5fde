import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentStreamIds } from './stream-ids.ts';
import { type Chained, StreamTable } from './stream-table.ts';

class Entry implements Chained<Entry> {
  readonly id: number;
  chained: Entry | null = null;

  constructor(id: number) {
    this.id = id;
  }
}

test('StreamTable finds what a Map finds', () => {
  const ids = fc.array(fc.oneof(fc.nat(300), fc.constantFrom(1, 129, 257, 385)), { maxLength: 200 });
  fc.assert(
    fc.property(ids, (list) => {
      const table = new StreamTable<Entry>();
      const model = new Map<number, Entry>();
      for (const id of list) {
        const known = model.get(id);
        assert.equal(table.get(id), known ?? null);
        if (known === undefined) {
          const entry = new Entry(id);
          model.set(id, entry);
          table.add(entry);
        } else {
          model.delete(id);
          table.remove(known);
          table.remove(known);
        }
        assert.equal(table.count, model.size);
      }
      assert.deepEqual(
        table.all().map((entry) => entry.id),
        [...model.keys()].toSorted((a, b) => a - b),
      );
    }),
  );
});

test('RecentStreamIds forgets the oldest', () => {
  const ids = new RecentStreamIds();
  for (let id = 1; id < 201; id += 2) ids.note(id);
  assert.deepEqual([ids.has(1), ids.has(199), ids.has(2)], [false, true, false]);
});
