import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

/** One program of the shop. */
export interface Program {
  /** As its Service in `config/services.yaml` is named. */
  readonly name: string;
  /** Who it runs as. */
  readonly serviceAccount: string;
  /** What runs. */
  readonly file: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/** The ports of this machine that the shop takes, by what listens there. */
export const PORTS = {
  gateway: 8080,
  web: 7101,
  'catalog-v1': 7102,
  'catalog-v2': 7103,
  cart: 7104,
  orders: 7105,
  payments: 7106,
  'control plane': 15_010,
  'admin of the control plane': 9900,
  'admin of the gateway': 15_020,
} as const;

/** The gateway's name, which is who it runs as, too. */
export const GATEWAY = 'edge';
export const NAMESPACE = 'shop';

/** Lists the services. @param offset added to each port */
export function listPrograms(offset: number): readonly Program[] {
  const program = (name: keyof typeof PORTS, serviceAccount: string, file: URL, version = ''): Program => ({
    name,
    serviceAccount,
    file: fileURLToPath(file),
    port: PORTS[name] + offset,
    env: { PORT: String(PORTS[name] + offset), ...(version !== '' && { VERSION: version }) },
  });
  const catalog = new URL('./services/catalog.ts', import.meta.url);
  return [
    program('web', 'web', new URL('./services/web.ts', import.meta.url)),
    program('catalog-v1', 'catalog', catalog, 'v1'),
    program('catalog-v2', 'catalog', catalog, 'v2'),
    program('cart', 'cart', new URL('./services/cart.ts', import.meta.url)),
    program('orders', 'orders', new URL('./services/orders.ts', import.meta.url)),
    program('payments', 'payments', new URL('./services/payments.ts', import.meta.url)),
  ];
}

/** Moves the port that a document names. */
export function movePorts(text: string, offset: number): string {
  return text.replaceAll(new RegExp(`\\b${PORTS.gateway}\\b`, 'g'), String(PORTS.gateway + offset));
}

/** @returns what cannot have its port, since somebody listens there already; undefined where all are free */
export async function findTakenPort(
  offset: number,
): Promise<{ readonly name: string; readonly port: number } | undefined> {
  const all = Object.entries(PORTS).map(([name, port]) => ({ name, port: port + offset }));
  const taken = await Promise.all(all.map(({ port }) => isTaken(port)));
  return all.find((_, i) => taken[i]);
}

/** Whether this port cannot be bound on loopback: somebody may listen there, or on all addresses. */
function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(true));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(false)));
  });
}
