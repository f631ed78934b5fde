import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatResolverConfiguration, parseResolverConfiguration } from './resolver-configuration.ts';

test('parseResolverConfiguration reads what programs would, and leaves out what it does not know', () => {
  const text = `# made by hand
domain old.test
nameserver 10.0.0.1
nameserver  fe80::1%eth0
nameserver nonsense
nameserver 10.0.0.2
nameserver 10.0.0.3
search Corp.Test. example.test
options ndots:2 edns0
sortlist 10.0.0.0`;
  assert.deepEqual(parseResolverConfiguration(text), {
    nameservers: ['10.0.0.1', 'fe80::1%eth0', '10.0.0.2'],
    search: ['corp.test', 'example.test'],
    options: ['ndots:2 edns0'],
  });
});

test('what formatResolverConfiguration writes parseResolverConfiguration reads', () => {
  const configuration = { nameservers: ['127.64.0.1'], search: ['corp.test'], options: ['ndots:2', 'rotate'] };
  assert.deepEqual(parseResolverConfiguration(formatResolverConfiguration(configuration)), configuration);
  assert.equal(
    formatResolverConfiguration({ nameservers: ['127.64.0.1'], search: [], options: [] }),
    'nameserver 127.64.0.1\n',
  );
});
