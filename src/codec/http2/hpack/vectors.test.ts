import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Output } from '../frame/output.ts';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { ruleOf } from './name-rule.ts';

/* Header lists of real sites, and the blocks that nghttp2 makes of them; each story is one connection. */

type Line = readonly [name: string, value: string];

interface Story {
  readonly cases: readonly { readonly wire?: string; readonly headers: readonly Readonly<Record<string, string>>[] }[];
}

const FOLDER = new URL('../../../../../shared/vectors/hpack/', import.meta.url);
const present = existsSync(FOLDER);

function storiesOf(folder: string): [string, Story][] {
  if (!present) return [];
  const names = readdirSync(new URL(`${folder}/`, FOLDER)).filter((name) => name.startsWith('story_'));
  return names
    .toSorted()
    .map((name) => [name, JSON.parse(readFileSync(new URL(`${folder}/${name}`, FOLDER), 'utf8')) as Story]);
}

function linesOf(headers: Story['cases'][number]['headers']): Line[] {
  return headers.flatMap((field) => Object.entries(field));
}

function decode(decoder: HpackDecoder, block: Buffer): Line[] {
  const lines: Line[] = [];
  const whole = decoder.decode(block, 0, block.length, {
    field: (_kind, name, value) => void lines.push([name, value]),
  });
  assert.ok(whole, 'the block must be decoded');
  return lines;
}

describe('HPACK reads and writes the collected stories', { skip: !present && 'no ../shared/vectors' }, () => {
  for (const [name, story] of storiesOf('nghttp2')) {
    test(`HpackDecoder decodes nghttp2's ${name}`, () => {
      const decoder = new HpackDecoder(4096);
      for (const { wire, headers } of story.cases) {
        assert.deepEqual(decode(decoder, Buffer.from(wire!, 'hex')), linesOf(headers));
      }
    });
  }
  for (const [name, story] of storiesOf('raw-data')) {
    for (const tableBytes of [4096, 256, 0]) {
      test(`HpackDecoder decodes what HpackEncoder makes of ${name} with a table of ${tableBytes}`, () => {
        const output = new Output();
        const encoder = new HpackEncoder(output);
        const decoder = new HpackDecoder(4096);
        encoder.resize(tableBytes);
        for (const { headers } of story.cases) {
          encoder.begin();
          for (const [field, value] of linesOf(headers)) encoder.field(ruleOf(field), field, value);
          assert.deepEqual(decode(decoder, output.take()), linesOf(headers));
          assert.equal(decoder.tableBytes, encoder.tableBytes);
        }
      });
    }
  }
});
