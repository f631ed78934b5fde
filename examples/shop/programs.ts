import { connect } from 'node:net';

/** One program of the shop. */
export interface Program {
  /** As its service in `config/services.yaml` is named. */
  readonly name: string;
  /** What runs. */
  readonly file: URL;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/** The ports that the documents in `config/` name, by what listens there. */
export const PORTS = {
  gateway: 8080,
  web: 7101,
  'catalog-v1': 7102,
  'catalog-v2': 7103,
  cart: 7104,
  orders: 7105,
  payments: 7106,
  admin: 15020,
} as const;

/** Lists the services. @param offset added to each port */
export function listPrograms(offset: number): readonly Program[] {
  const url = (name: keyof typeof PORTS): string => `http://127.0.0.1:${PORTS[name] + offset}`;
  const program = (name: keyof typeof PORTS, file: URL, env: Program['env'] = {}): Program => ({
    name,
    file,
    port: PORTS[name] + offset,
    env,
  });
  const catalog = new URL('./services/catalog.ts', import.meta.url);
  const orders = new URL('./services/orders.ts', import.meta.url);
  return [
    program('web', new URL('./services/web.ts', import.meta.url), {
      CATALOG_URL: url('catalog-v1'),
      CART_URL: url('cart'),
    }),
    program('catalog-v1', catalog, { VERSION: 'v1' }),
    program('catalog-v2', catalog, { VERSION: 'v2' }),
    program('cart', new URL('./services/cart.ts', import.meta.url)),
    program('orders', orders, { PAYMENTS_URL: url('payments') }),
    program('payments', new URL('./services/payments.ts', import.meta.url)),
  ];
}

/** Moves all ports that a document names. */
export function movePorts(text: string, offset: number): string {
  return text.replace(/\b\d{4,5}\b/g, (digits) => {
    const isOurs = Object.values(PORTS).some((port) => port === Number(digits));
    return isOurs ? String(Number(digits) + offset) : digits;
  });
}

/** @returns what cannot have its port, since somebody listens there already; undefined where all are free */
export async function findTakenPort(
  offset: number,
): Promise<{ readonly name: string; readonly port: number } | undefined> {
  const all = Object.entries(PORTS).map(([name, port]) => ({ name, port: port + offset }));
  const taken = await Promise.all(all.map(({ port }) => isTaken(port)));
  return all.find((_, i) => taken[i]);
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
