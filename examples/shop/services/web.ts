// The page that customers see. It calls the catalog and the cart.
import { call, runService } from './service.ts';

/** The shop has no accounts. */
const CUSTOMER = 'ada';

interface Product {
  readonly id: string;
  readonly name: string;
  readonly priceCents: number;
  readonly rating?: number;
}

runService('web', {
  'GET /': async () => {
    const [catalog, cart] = await Promise.all([call('http://catalog/products'), call(`http://cart/carts/${CUSTOMER}`)]);
    const { products } = catalog as { products: Product[] };
    const { items } = cart as { items: { product: string; quantity: number }[] };
    return { status: 200, body: page(products, items) };
  },
  'GET /healthz': () => ({ status: 200, body: { status: 'ok' } }),
});

function page(products: readonly Product[], items: readonly { product: string; quantity: number }[]): string {
  const rows = products.map(({ name, priceCents, rating }) => {
    const stars = rating === undefined ? '' : ` (${rating} stars)`;
    return `<li>${escape(name)}: ${(priceCents / 100).toFixed(2)} €${stars}</li>`;
  });
  const cart = items.map(({ product, quantity }) => `<li>${quantity} × ${escape(product)}</li>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The selvage shop</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 3em auto; }</style>
<h1>The selvage shop</h1>
<ul>${rows.join('\n')}</ul>
<h2>Cart of ${CUSTOMER}</h2>
<ul>${cart.join('\n') || '<li>empty</li>'}</ul>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
