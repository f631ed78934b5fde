import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatDiagnostic } from './diagnostic.ts';
import { parseDocuments } from './documents.ts';
import { kinds } from './kinds.ts';
import { resourceKey } from './resource.ts';

const lines = (text: string): string[] => parseDocuments('f.yaml', text).diagnostics.map(formatDiagnostic);
const keys = (text: string): string[] =>
  parseDocuments('f.yaml', text).resources.map(({ resource }) => resourceKey(resource));
const namespace = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`;

describe('parseDocuments', () => {
  test('reads nothing from a file of comments, blank lines and empty documents', () => {
    for (const text of [
      '',
      '\n',
      '# note\n',
      '---\n',
      '---\n---\n# note\n...\n',
      '\ufeff# note',
      'null',
      '%YAML 1.2\n---\n',
    ]) {
      assert.deepEqual(
        parseDocuments('f.yaml', text),
        { resources: [], rejected: [], diagnostics: [] },
        JSON.stringify(text),
      );
    }
  });

  test('reads YAML, JSON, several documents, line ends of both kinds and a byte order mark', () => {
    const json = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'b' } }, null, '\t');
    const text = `\ufeff${namespace('a')}---\n${json}\n...\n%YAML 1.2\n--- # third\n${namespace('c')}`;
    assert.deepEqual(keys(text), ['Namespace//a', 'Namespace//b', 'Namespace//c']);
    assert.deepEqual(keys(text.replaceAll('\n', '\r\n')), ['Namespace//a', 'Namespace//b', 'Namespace//c']);
  });

  test('unpacks lists, and lists of one kind', () => {
    const items = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } },
      { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'b' } }] },
    ];
    assert.deepEqual(
      keys(JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items })),
      ['Namespace//a', 'Namespace//b'],
    );
    assert.deepEqual(keys(JSON.stringify({ apiVersion: 'v1', kind: 'NamespaceList', items: [items[0]] })), [
      'Namespace//a',
    ]);
  });

  test('says where in a list something is wrong', () => {
    const text =
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata:\n    name: A\n- apiVersion: v1\n  metadata: {}\n';
    assert.deepEqual(lines(text), [
      'f.yaml:7:5: Namespace A: metadata.name: malformed value "A"; expected lower-case letters, digits and "-" only, as in "shop-1"',
      'f.yaml:8:3: items[1].kind: required field is missing; expected one of ' + [...kinds.keys()].join(', '),
    ]);
  });

  test('points at the name of a field, at the item of a list, and at the nearest ancestor of what is missing', () => {
    const text = [
      '# first line',
      'apiVersion: gateway.networking.k8s.io/v1',
      'kind: HTTPRoute',
      'metadata:',
      '  name: web',
      '  namespace: shop',
      'spec:',
      '  rules:',
      '  - matches:',
      '    - path:',
      '        type: Prefx',
      '    backendRefs:',
      '    - name: cart',
      '    - port: 80',
      '    -',
      '      just text',
    ].join('\n');
    assert.deepEqual(lines(text), [
      'f.yaml:11:9: HTTPRoute shop/web: spec.rules[0].matches[0].path.type: unknown value "Prefx"; expected one of Exact, PathPrefix, RegularExpression (did you mean PathPrefix?)',
      'f.yaml:13:7: HTTPRoute shop/web: spec.rules[0].backendRefs[0].port: required field is missing; expected the port of the Service, an integer from 1 to 65535',
      'f.yaml:14:7: HTTPRoute shop/web: spec.rules[0].backendRefs[1].name: required field is missing; expected a string',
      'f.yaml:16:7: HTTPRoute shop/web: spec.rules[0].backendRefs[2]: found the string "just text"; expected a map',
    ]);
  });

  test('locate of a resource finds its fields for whoever finds something wrong later', () => {
    const [, second] = parseDocuments(
      'f.yaml',
      `${namespace('a')}---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: b\n`,
    ).resources;
    assert.deepEqual(second?.location, { file: 'f.yaml', line: 5, column: 1 });
    assert.deepEqual(second.locate(['metadata', 'name']), { file: 'f.yaml', line: 8, column: 3 });
    assert.deepEqual(second.locate(['metadata', 'labels', 'app', 0]), { file: 'f.yaml', line: 7, column: 1 });
    assert.deepEqual(second.locate(['spec']), { file: 'f.yaml', line: 5, column: 1 });
  });

  test('follows anchors, aliases and merges, and points at where the text stands', () => {
    const text = [
      'apiVersion: v1',
      'kind: List',
      'items:',
      '- apiVersion: v1',
      '  kind: Namespace',
      '  metadata: &meta {name: a, labels: &labels {team: x}}',
      '- apiVersion: v1',
      '  kind: Namespace',
      '  metadata:',
      '    <<: *meta',
      '    name: b',
      '- apiVersion: v1',
      '  kind: Namespace',
      '  metadata: {name: c, labels: {<<: [*labels, {team: y, tier: z}]}}',
    ].join('\n');
    const { resources, diagnostics } = parseDocuments('f.yaml', text);
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(
      resources.map(({ resource: { metadata } }) => [metadata.name, metadata.labels]),
      [
        ['a', { team: 'x' }],
        ['b', { team: 'x' }],
        ['c', { team: 'x', tier: 'z' }],
      ],
    );
    assert.deepEqual(resources[1]?.locate(['metadata', 'labels', 'team']), { file: 'f.yaml', line: 6, column: 46 });
  });
});

describe('parseDocuments with one broken document', () => {
  const broken: [string, string, RegExp][] = [
    ['an open bracket', 'a: [1', /f\.yaml:\d+:\d+: cannot be read as YAML: .*never closed/],
    ['an open quote', 'a: "x', /cannot be read as YAML: a character is missing/],
    ['an open brace', '{"a": 1', /cannot be read as YAML/],
    ['wrong indentation', 'a:\n  b: 1\n c: 2', /f\.yaml:7:\d: cannot be read as YAML: wrong indentation/],
    ['a tab', 'a:\n\tb: 1', /tab used for indentation/],
    ['two values', 'a: b: c', /f\.yaml:5:\d: cannot be read as YAML/],
    [
      'a field given twice',
      'kind: Namespace\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}',
      /f\.yaml:7:1: Namespace x: kind: field is given twice in the same map/,
    ],
    ['an alias without anchor', 'a: *b', /f\.yaml:5:4: alias .* does not stand before it/],
    ['a merge of no map', 'a: {<<: 1}', /a merge \(<<\) takes a map/],
    ['a key that is a list', '? [a]\n: b', /field name is not a usable string/],
    ['a key that is dangerous', '"__proto__": {a: 1}', /field name is not a usable string/],
    ['an alias in its own anchor', 'a: &a [*a, *a]', /f\.yaml:5:\d+: (nested too deeply|aliases add)/],
    ['a NUL byte', 'a: \0', /f\.yaml:5:4: NUL byte/],
    ['a control character', 'a: \u0007', /control character U\+0007/],
    ['bytes that are not UTF-8', 'a: \ufffd', /f\.yaml:5:4: bytes that are not UTF-8/],
    ['text', 'hello', /f\.yaml:5:1: found a string; expected a resource/],
    ['a number', '42', /found a number; expected a resource/],
    ['a list', '- a', /found a list; expected a resource/],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}', /f\.yaml:5:1: kind: required field is missing/],
    [
      'no apiVersion',
      'kind: Namespace\nmetadata: {name: a}',
      /Namespace a: apiVersion: required field is missing; expected v1/,
    ],
    [
      'an unknown kind',
      'apiVersion: v1\nkind: Servce\nmetadata: {name: a}',
      /Servce default\/a: kind: unknown kind "Servce"; .*did you mean Service\?/,
    ],
    ['a kind that is no string', 'apiVersion: v1\nkind: [a]', /kind: found a list; expected a string/],
    [
      'an unknown version',
      'apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: ReferenceGrant\nmetadata: {name: a}\nspec: {from: [{group: "", kind: A, namespace: a}], to: [{group: "", kind: B}]}',
      /apiVersion: unknown value ".*v1alpha2"; expected one of .*v1, .*v1beta1/,
    ],
  ];
  for (const [name, text, message] of broken) {
    test(`${name} is told, and the documents before and after are read`, () => {
      const file = `${namespace('a')}---\n${text}\n---\n${namespace('b')}`;
      assert.deepEqual(keys(file), ['Namespace//a', 'Namespace//b']);
      assert.match(lines(file).join('\n'), message);
    });
  }

  test('a field given twice in one object of a list leaves the others in', () => {
    const item = (name: string, more = '') =>
      `- apiVersion: v1\n  kind: Namespace\n  metadata: {name: ${name}${more}}\n`;
    const list = `apiVersion: v1\nkind: List\nitems:\n${item('a')}${item('b', ', name: c')}${item('d')}`;
    assert.deepEqual(keys(list), ['Namespace//a', 'Namespace//d']);
    assert.deepEqual(lines(list), ['f.yaml:9:23: Namespace b: metadata.name: field is given twice in the same map']);
    const broken = `${list}kind: List\n`;
    assert.deepEqual(keys(broken), ['Namespace//a', 'Namespace//d']);
    assert.match(lines(broken).join('\n'), /f\.yaml:13:1: kind: field is given twice/);
  });

  test('a field given twice does not hide what else is wrong', () => {
    const text = `${namespace('A')}kind: Namespace\n`;
    assert.match(lines(text).join('\n'), /metadata\.name: malformed[^]*given twice/);
  });
});

describe('parseDocuments with hostile input', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[i]}`).join(',')}]`),
  ].join('\n');
  const cases: [string, string, RegExp][] = [
    ['nested aliases', bomb, /aliases add more than 50000 values/],
    ['brackets without end', '['.repeat(100_000), /cannot be read as YAML/],
    ['deep lists', `a: ${'['.repeat(5000)}${']'.repeat(5000)}`, /nested too deeply/],
    ['deep maps', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`, /nested too deeply/],
    ['deep indentation', Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), /nested too deeply/],
    ['many fields', Array.from({ length: 50_000 }, (_, i) => `k${i}: 1`).join('\n'), /kind: required field is missing/],
    [
      'many unknown fields',
      namespace('a') + Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n'),
      /19800 more problems are not shown/,
    ],
    ['a huge file', ' '.repeat(16 * 1024 * 1024 + 1), /f\.yaml:1:1: file is too large/],
  ];
  for (const [name, text, message] of cases) {
    test(`${name}: told at once, in bounded time`, { timeout: 10_000 }, () => {
      assert.match(lines(text).join('\n').slice(0, 10_000), message);
    });
  }
});

describe('parseDocuments never throws', () => {
  const check = (text: string): void => {
    const { resources, diagnostics } = parseDocuments('f.yaml', text);
    for (const { location } of [...resources, ...diagnostics]) {
      assert.ok(location.line >= 1 && location.column >= 1);
      assert.ok(location.line <= text.split('\n').length);
    }
    for (const diagnostic of diagnostics) assert.doesNotMatch(formatDiagnostic(diagnostic), /undefined|\[object/);
  };

  test('for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), check), { numRuns: 300 });
  });

  test('for any mixture of what YAML is made of', () => {
    const token = fc.constantFrom(
      'a',
      '1',
      ':',
      ': ',
      '- ',
      '-',
      '\n',
      '\n  ',
      ' ',
      '---\n',
      '...\n',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&a',
      '*a',
      '<<: ',
      '"',
      "'",
      '|',
      '>',
      '#',
      '!t',
      '%',
      '?',
      '\t',
      '\r\n',
      'kind: Secret',
      'apiVersion: v1',
      'items:',
      'null',
      '~',
    );
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 40 }).map((tokens) => tokens.join('')),
        check,
      ),
      { numRuns: 1000 },
    );
  });

  test('for any value in the place of any field', () => {
    const kind = fc.constantFrom('HTTPRoute', 'Gateway', 'Secret', 'Service', 'Backend', 'EndpointSlice');
    const apiVersion = fc.constantFrom(
      'v1',
      'gateway.networking.k8s.io/v1',
      'selvage.dev/v1alpha1',
      'discovery.k8s.io/v1',
    );
    const field = fc.constantFrom(
      'rules',
      'filters',
      'matches',
      'path',
      'type',
      'value',
      'listeners',
      'tls',
      'ports',
      'port',
      'endpoints',
      'addresses',
      'name',
      'urlRewrite',
      'backendRefs',
      'timeouts',
      'request',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(field, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    const document = fc.record({
      kind,
      apiVersion,
      metadata: fc.oneof(fc.constant({ name: 'a' }), tree),
      spec: tree,
      data: tree,
      endpoints: tree,
    });
    fc.assert(
      fc.property(document, (declared) => check(JSON.stringify(declared))),
      { numRuns: 500 },
    );
  });
});
