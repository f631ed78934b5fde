import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitDocuments } from './document-splitter.ts';

const texts = (stream: string): string[] => splitDocuments(stream).map(({ text }) => text);

test('splitDocuments cuts at markers only where they start a line and stand alone (YAML 1.2 §9.1.2)', () => {
  assert.deepEqual(texts('a: 1\n---\nb: 2\n'), ['a: 1\n', '---\nb: 2\n']);
  assert.deepEqual(texts('a: |\n  ---\n  x\n'), ['a: |\n  ---\n  x\n']);
  assert.deepEqual(texts('a: |\n  x\n-----BEGIN KEY-----\n'), ['a: |\n  x\n-----BEGIN KEY-----\n']);
  assert.deepEqual(texts('---\r\na: 1\r\n---\r\n'), ['---\r\na: 1\r\n', '---\r\n']);
});

test('splitDocuments keeps directives and comments with the document that they begin (YAML 1.2 §9.1.1)', () => {
  assert.deepEqual(texts('# note\n%YAML 1.2\n---\na: 1\n...\n%YAML 1.2\n---\nb: 2'), [
    '# note\n%YAML 1.2\n---\na: 1\n...\n',
    '%YAML 1.2\n---\nb: 2',
  ]);
});

test('splitDocuments counts the lines before each document', () => {
  const documents = splitDocuments('a: 1\n\n---\nb: 2\n...\n# end\n');
  assert.deepEqual(
    documents.map(({ linesBefore }) => linesBefore),
    [0, 2, 5],
  );
});

test('splitDocuments loses nothing', () => {
  const line = fc.constantFrom('---', '...', '--- x', '%YAML 1.2', '# c', '', 'a: 1', ' ---', '----', '\r');
  const stream = fc.array(line).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(stream, (text) => {
      const documents = splitDocuments(text);
      assert.equal(documents.map((document) => document.text).join(''), text);
      let lines = 0;
      for (const document of documents) {
        assert.equal(document.linesBefore, lines);
        lines += document.text.split('\n').length - 1;
      }
    }),
  );
});
