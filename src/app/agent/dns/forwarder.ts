import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { questionEndOf } from '#codec/dns/decoder.ts';
import { DNS_HEADER_BYTES } from '#codec/dns/message.ts';
import { DnsStream, frameDnsMessage } from './dns-stream.ts';

/** Where names that are not of the mesh are asked for. */
export interface Nameserver {
  readonly address: string;
  /** @defaultValue 53 */
  readonly port?: number;
}

const DNS_PORT = 53;
/** Below the 5 s after which programs ask again (resolv.conf(5), `timeout`), also where two are asked. */
const ATTEMPT_MS = 2_000;

/** Asks a machine's own nameservers, one after another, and passes on what they say as they say it. */
export class Forwarder {
  readonly #nameservers: () => readonly Nameserver[];

  /** @param nameservers asked for each time, since machines move between networks */
  constructor(nameservers: () => readonly Nameserver[]) {
    this.#nameservers = nameservers;
  }

  /**
   * @param query a whole message with one question
   * @returns the response, for the one who asked; undefined where no nameserver has one
   */
  async ask(query: Uint8Array, transport: 'udp' | 'tcp'): Promise<Uint8Array | undefined> {
    for (const nameserver of this.#nameservers()) {
      const response = await this.#askOne(nameserver, query, transport);
      if (response !== undefined) return response;
    }
    return undefined;
  }

  /** Under an id and from a port that nobody can guess, else others could answer in its place (RFC 5452 §4.5). */
  async #askOne(nameserver: Nameserver, query: Uint8Array, transport: 'udp' | 'tcp'): Promise<Uint8Array | undefined> {
    const sent = withId(query, randomInt(0x1_0000));
    const response = await (transport === 'udp' ? askUdp : askTcp)(nameserver, sent);
    return response === undefined ? undefined : withId(response, (query[0]! << 8) | query[1]!);
  }
}

const askUdp = ({ address, port = DNS_PORT }: Nameserver, query: Uint8Array): Promise<Uint8Array | undefined> =>
  new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    let isSettled = false;
    const settle = (response: Uint8Array | undefined): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      socket.close();
      resolve(response);
    };
    const timer = setTimeout(settle, ATTEMPT_MS, undefined);
    // None listens, or none is to be reached.
    socket.on('error', () => settle(undefined));
    socket.on('message', (octets) => {
      if (isResponseTo(query, octets)) settle(octets);
    });
    // The kernel then takes nothing from any other address.
    socket.once('connect', () => {
      if (!isSettled) socket.send(query);
    });
    socket.connect(port, address);
  });

const askTcp = ({ address, port = DNS_PORT }: Nameserver, query: Uint8Array): Promise<Uint8Array | undefined> =>
  new Promise((resolve) => {
    const stream = new DnsStream();
    const socket = connect({ host: address, port, timeout: ATTEMPT_MS }, () => socket.write(frameDnsMessage(query)));
    const settle = (response: Uint8Array | undefined): void => {
      socket.destroy();
      resolve(response);
    };
    socket.once('timeout', () => settle(undefined));
    socket.once('error', () => settle(undefined));
    socket.once('close', () => settle(undefined));
    socket.on('data', (piece: Buffer) => {
      for (const octets of stream.take(piece)) if (isResponseTo(query, octets)) settle(octets);
    });
  });

/** Whether it answers this very question; case counts, as it is sent back as it was sent. */
const isResponseTo = (query: Uint8Array, octets: Uint8Array): boolean => {
  if (octets.length < DNS_HEADER_BYTES || (octets[2]! & 0x80) === 0) return false;
  if (octets[0] !== query[0] || octets[1] !== query[1]) return false;
  const end = questionEndOf(query);
  // A server that cannot read a question need not repeat it.
  const repeats = ((octets[4]! << 8) | octets[5]!) > 0;
  return (
    !repeats || Buffer.compare(query.subarray(DNS_HEADER_BYTES, end), octets.subarray(DNS_HEADER_BYTES, end)) === 0
  );
};

const withId = (octets: Uint8Array, id: number): Uint8Array => {
  const copy = new Uint8Array(octets);
  copy.set([id >> 8, id & 0xff]);
  return copy;
};
