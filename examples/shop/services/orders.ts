// Takes orders, and has them paid before it confirms them.
import { call, Refusal, runService } from './service.ts';

interface Order {
  readonly id: number;
  readonly customer: string;
  readonly amountCents: number;
  readonly payment: unknown;
}

const orders: Order[] = [];

runService('orders', {
  'GET /orders': () => ({ status: 200, body: { orders } }),
  'POST /orders': async ({ body }) => {
    const { customer, amountCents } = (body ?? {}) as Partial<Order>;
    if (typeof customer !== 'string' || typeof amountCents !== 'number') {
      throw new Refusal(400, 'an order needs a customer and an amountCents');
    }
    const payment = await call('http://payments/payments', {
      method: 'POST',
      body: JSON.stringify({ customer, amountCents }),
    });
    const order = { id: orders.length + 1, customer, amountCents, payment };
    orders.push(order);
    return { status: 201, body: order };
  },
});
