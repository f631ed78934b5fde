// What each customer has put aside, in memory.
import { Refusal, runService } from './service.ts';

interface Item {
  readonly product: string;
  readonly quantity: number;
}

const carts = new Map<string, Item[]>();

runService('cart', {
  'GET /carts/:id': ({ id }) => ({ status: 200, body: { customer: id, items: carts.get(id) ?? [] } }),
  'POST /carts/:id': ({ id, body }) => {
    const items = [...(carts.get(id) ?? []), readItem(body)];
    carts.set(id, items);
    return { status: 201, body: { customer: id, items } };
  },
  'DELETE /carts/:id': ({ id }) => {
    carts.delete(id);
    return { status: 200, body: { customer: id, items: [] } };
  },
});

function readItem(body: unknown): Item {
  const { product, quantity = 1 } = (body ?? {}) as Partial<Item>;
  if (typeof product !== 'string' || typeof quantity !== 'number' || !(quantity > 0)) {
    throw new Refusal(400, 'an item needs a product and a quantity');
  }
  return { product, quantity };
}
