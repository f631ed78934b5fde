import { createUuidV7 } from '#base/uuid-v7.ts';
import { compileFilters } from '#proxy/filters/compile-filters.ts';
import { ForwardingFields } from '#proxy/filters/forwarding/forwarding-fields.ts';
import { runRequestFilters, type FilterOutcome } from '#proxy/filters/run-filters.ts';
import { createTestExchange, createTestSlot } from '#proxy/filters/testing/exchange.ts';
import { measureAll } from '../measure.ts';

// What the filters of a gateway cost a request. Each run first puts the fields back as they came, which is measured
// alone too.

const BROWSER_FIELDS = [
  'user-agent',
  'Mozilla/5.0',
  'accept',
  'text/html,*/*;q=0.8',
  'accept-language',
  'en',
  'accept-encoding',
  'gzip, br',
  'cookie',
  'session=0123456789abcdef',
  'referer',
  'https://example.com/',
  'x-forwarded-for',
  '198.51.100.1',
];

const exchange = createTestExchange({ path: '/shop/cart', matchedPrefixLength: 5 });
const { entries } = exchange.request.fields;
const renew = (): void => {
  entries.length = 0;
  for (const text of BROWSER_FIELDS) entries.push(text);
};

const untrusted = new ForwardingFields();
const trusting = new ForwardingFields(['192.0.2.0/24']);
const chain = compileFilters(
  [
    { type: 'RequestHeaderModifier', set: [{ name: 'x-team', value: 'shop' }], add: [], remove: ['cookie'] },
    { type: 'URLRewrite', hostname: 'cart.internal', path: { type: 'ReplacePrefixMatch', value: '/' } },
  ],
  { slot: createTestSlot },
);
const outcome: FilterOutcome = { proceed: () => {}, answer: () => {} };
const NO_FILTERS = compileFilters([], { slot: createTestSlot });
const flat = Buffer.alloc(64);

createUuidV7(); // the first call sets the source of randomness up, which must not be taken for the usual cost
measureAll({
  'uuid v7': createUuidV7,
  'uuid v7, written': () => flat.latin1Write(createUuidV7(), 0),
  'putting the fields back': renew,
  'forwarding fields, untrusted peer': () => {
    renew();
    untrusted.onRequest(exchange);
    return exchange.requestId;
  },
  'forwarding fields, trusted peer': () => {
    renew();
    trusting.onRequest(exchange);
    return exchange.requestId;
  },
  'header modifier and rewrite': () => {
    renew();
    runRequestFilters(exchange, chain, outcome);
    return exchange.request.path;
  },
  'no filters': () => {
    runRequestFilters(exchange, NO_FILTERS, outcome);
  },
});
