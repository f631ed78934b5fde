// What the shop sells. The second version knows ratings; both run side by side.
import process from 'node:process';
import { Refusal, runService } from './service.ts';

interface Product {
  readonly id: string;
  readonly name: string;
  readonly priceCents: number;
  readonly rating: number;
}

const VERSION = process.env['VERSION'] ?? 'v1';

const PRODUCTS: readonly Product[] = [
  { id: 'denim', name: 'Raw denim, 14 oz, per metre', priceCents: 3450, rating: 4.8 },
  { id: 'linen', name: 'Washed linen, per metre', priceCents: 2200, rating: 4.5 },
  { id: 'thread', name: 'Cotton thread, 500 m', priceCents: 390, rating: 4.9 },
  { id: 'needles', name: 'Needles, set of ten', priceCents: 540, rating: 4.2 },
];

let searchCount = 0;

runService(`catalog-${VERSION}`, {
  'GET /products': () => ({ status: 200, body: { version: VERSION, products: PRODUCTS.map(shown) } }),
  'GET /products/:id': ({ id }) => {
    const product = PRODUCTS.find((one) => one.id === id);
    if (product === undefined) throw new Refusal(404, `there is no product ${id}`);
    return { status: 200, body: shown(product) };
  },
  'GET /search': ({ url }) => {
    const words = (url.searchParams.get('q') ?? '').toLowerCase();
    searchCount += 1;
    const found = PRODUCTS.filter(({ name }) => name.toLowerCase().includes(words));
    return { status: 200, body: { version: VERSION, products: found.map(shown) } };
  },
  'GET /stats': () => ({ status: 200, body: { version: VERSION, searchCount } }),
});

function shown({ rating, ...product }: Product): object {
  return VERSION === 'v1' ? product : { ...product, rating };
}
