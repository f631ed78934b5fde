// Authorises payments. Only orders may call it, which is declared and not programmed: config/access.yaml.
import { Refusal, runService } from './service.ts';

interface Payment {
  readonly customer: string;
  readonly amountCents: number;
}

const LIMIT_CENTS = 100_000;

let count = 0;

runService('payments', {
  'POST /payments': ({ body }) => {
    const { customer, amountCents } = (body ?? {}) as Partial<Payment>;
    if (typeof customer !== 'string' || typeof amountCents !== 'number')
      throw new Refusal(400, 'a payment needs a customer and an amountCents');
    if (amountCents > LIMIT_CENTS)
      throw new Refusal(402, `${amountCents} is more than ${customer} may spend (at most ${LIMIT_CENTS})`);
    count += 1;
    return { status: 201, body: { id: count, status: 'authorised', amountCents } };
  },
});
