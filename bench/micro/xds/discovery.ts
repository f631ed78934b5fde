// What one changed endpoint costs a control plane of 1,000 services and 2,000 proxies: node bench/micro/xds/discovery.ts
// No sockets: the state machines and their messages, and in a second part HTTP/2 around them.
import { Http2Connection, type Http2Observer } from '#codec/http2/connection.ts';
import type { Http2Stream, StreamObserver } from '#codec/http2/stream.ts';
import type { EndpointsResource } from '#model/snapshot/endpoints.ts';
import { DiscoveryServer } from '#xds/discovery-server.ts';
import { GrpcStream, type GrpcObserver, type GrpcSender } from '#xds/grpc-stream.ts';
import { decodeResponse } from '#xds/message-decoder.ts';
import { encodeRequest } from '#xds/message-encoder.ts';
import { EMPTY_REQUEST } from '#xds/messages.ts';
import { ResourceLayer } from '#xds/server/resource-layer.ts';

const SERVICES = 1000;
const PROXIES = 2000;
const NAMES_PER_PROXY = 20;
const ENDPOINTS_PER_SERVICE = 10;
const CHANGES = 200;
const TYPE_URL = 'type.selvage.dev/endpoints';

const nameOf = (i: number): string => `Service/shop/service-${i}:80`;
let version = 0;

function endpointsOf(service: number): EndpointsResource {
  const endpoints = Array.from({ length: ENDPOINTS_PER_SERVICE }, (_, i) => {
    const address = `10.${service >> 8}.${service & 255}.${i}`;
    return { address, port: 8080, weight: 1, zone: 'eu-1a', state: 'ready', mesh: null } as const;
  });
  return { type: 'endpoints', name: nameOf(service), version: String(++version), endpoints };
}

const layer = new ResourceLayer('everybody');
const scheduled: (() => void)[] = [];
const discovery = new DiscoveryServer({
  admit: () => ({ admitted: true, layers: [layer] }),
  schedule: (task) => void scheduled.push(task),
});
const flush = (): void => {
  for (let task = scheduled.shift(); task !== undefined; task = scheduled.shift()) task();
};
const publish = (resources: readonly EndpointsResource[]): void => {
  layer.apply({ version: String(version), upserts: resources, removals: [] });
  flush();
};
publish(Array.from({ length: SERVICES }, (_, i) => endpointsOf(i)));

/** First request of a proxy: every one calls service 0, and some others. */
function firstRequest(proxy: number): Buffer {
  const names = new Set([nameOf(0)]);
  for (let i = 1; names.size < NAMES_PER_PROXY; i++) names.add(nameOf((proxy * 7 + i * 13) % SERVICES));
  const node = { id: `proxy-${proxy}`, service: 'shop/cart', zone: 'eu-1a', version: '0.1.0', metadata: {} };
  return encodeRequest({ ...EMPTY_REQUEST, node, typeUrl: TYPE_URL, subscribe: [...names] });
}

function acknowledge(message: Uint8Array): Buffer {
  const decoded = decodeResponse(message);
  const nonce = decoded.ok ? decoded.message.nonce : '';
  return encodeRequest({ ...EMPTY_REQUEST, typeUrl: TYPE_URL, nonce });
}

/** A proxy without HTTP/2 around it. */
class PlainProxy implements GrpcSender {
  readonly observer: GrpcObserver = discovery.accept(this, '');
  octets = 0;
  readonly parts: Uint8Array[] = [];

  send(parts: readonly Uint8Array[]): boolean {
    for (const part of parts) this.octets += part.length;
    this.parts.push(...parts);
    return true;
  }

  close(): void {}

  acknowledge(): void {
    const message = Buffer.concat(this.parts);
    this.parts.length = 0;
    this.observer.received(acknowledge(message));
  }
}

/** A proxy behind both ends of an HTTP/2 connection. */
class Http2Proxy {
  octets = 0;
  readonly #server: Http2Connection;
  readonly #client: Http2Connection;
  #received: Buffer[] = [];
  readonly #call: GrpcStream;

  constructor(proxy: number) {
    this.#server = new Http2Connection('server', {
      ...QUIET,
      opened: (stream: Http2Stream): StreamObserver =>
        GrpcStream.accept(stream, 1e6, (call) => discovery.accept(call, '')),
    });
    this.#client = new Http2Connection('client', QUIET);
    this.#call = GrpcStream.call(this.#client, 'control', '/x', 1e6, () => ({
      received: (message) => void this.#received.push(Buffer.from(message)),
      writable: () => {},
      ended: () => {},
    }))!;
    this.#call.send([firstRequest(proxy)]);
    this.exchange();
  }

  /** The server's half of the way there: what a change costs the control plane. */
  take(): Buffer[] {
    const taken: Buffer[] = [];
    for (let output = this.#server.takeOutput(); output !== null; output = this.#server.takeOutput()) {
      this.octets += output.length;
      taken.push(Buffer.from(output));
    }
    return taken;
  }

  exchange(taken = this.take()): void {
    for (const octets of taken) this.#client.receive(octets, 0, octets.length);
    for (const message of this.#received.splice(0)) this.#call.send([acknowledge(message)]);
    for (let output = this.#client.takeOutput(); output !== null; output = this.#client.takeOutput()) {
      const octets = Buffer.from(output);
      this.#server.receive(octets, 0, octets.length);
    }
    const more = this.take();
    if (more.length > 0) this.exchange(more);
  }
}

const QUIET: Http2Observer = {
  opened: () => {
    throw new Error('a client takes no requests');
  },
  output() {},
  goingAway() {},
  settingsReceived() {},
  pinged() {},
  refused() {},
  failed(error) {
    throw new Error(error.cause);
  },
};

/** CPU time of this process since an earlier look, in ms. */
function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

function report(name: string, totalMs: number, worstMs: number, octets: number): void {
  const perChangeMs = totalMs / CHANGES;
  const perProxyUs = (perChangeMs / PROXIES) * 1000;
  process.stdout.write(
    `${name.padEnd(28)} ${perChangeMs.toFixed(2)} ms CPU a change (worst ${worstMs.toFixed(2)} ms of time), ` +
      `${perProxyUs.toFixed(2)} µs and ${(octets / CHANGES / PROXIES).toFixed(0)} octets a proxy\n`,
  );
}

/** @param settle acknowledges; not counted */
function measure(name: string, send: () => void, settle: () => void, octets: () => number): void {
  let totalMs = 0;
  let worstMs = 0;
  let octetsSent = 0;
  for (let change = -20; change < CHANGES; change++) {
    const resource = endpointsOf(0);
    const before = octets();
    const usage = process.cpuUsage();
    const startedMs = performance.now();
    publish([resource]);
    send();
    const tookMs = performance.now() - startedMs;
    const usedMs = cpuMs(usage);
    if (change >= 0) {
      totalMs += usedMs;
      worstMs = Math.max(worstMs, tookMs);
      octetsSent += octets() - before;
    }
    settle();
  }
  report(name, totalMs, worstMs, octetsSent);
}

const size = Buffer.byteLength(JSON.stringify(endpointsOf(0)));
process.stdout.write(
  `${SERVICES} services, ${PROXIES} proxies, ${NAMES_PER_PROXY} names each; a resource of ${size} octets\n`,
);

const plain = Array.from({ length: PROXIES }, (_, i) => {
  const proxy = new PlainProxy();
  proxy.observer.received(firstRequest(i));
  proxy.acknowledge();
  return proxy;
});
measure(
  'messages',
  () => {},
  () => plain.forEach((proxy) => proxy.acknowledge()),
  () => plain.reduce((sum, { octets }) => sum + octets, 0),
);
for (const { observer } of plain) observer.ended({ code: 1, message: '' });

globalThis.gc?.();
const heapBefore = process.memoryUsage().heapUsed;
const framed = Array.from({ length: PROXIES }, (_, i) => new Http2Proxy(i));
globalThis.gc?.();
const perProxyKib = (process.memoryUsage().heapUsed - heapBefore) / PROXIES / 1024;
let waiting: Buffer[][] = [];
measure(
  'messages in HTTP/2',
  () => {
    waiting = framed.map((proxy) => proxy.take());
  },
  () => {
    for (const [i, proxy] of framed.entries()) proxy.exchange(waiting[i]);
  },
  () => framed.reduce((sum, { octets }) => sum + octets, 0),
);
process.stdout.write(`heap of both ends: ${perProxyKib.toFixed(1)} KiB a proxy (exact with --expose-gc)\n`);
