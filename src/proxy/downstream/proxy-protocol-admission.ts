import { CidrSet, parseCidr } from '#base/cidr.ts';
import { MAX_PROXY_HEADER_BYTES, readProxyHeader } from '#codec/proxy-protocol/decoder.ts';
import type { ProxyProtocolReading } from '#model/snapshot/listener.ts';
import type { ConnectionCounts } from '#telemetry/request-metrics.ts';
import type { Arrival } from '#transport/arrival.ts';
import type { Clock } from '#transport/clock.ts';
import { NOBODY, type Connection, type ConnectionObserver } from '#transport/connection.ts';
import { openArrival } from '#transport/read.ts';
import type { Admission } from './admission.ts';
import type { HandshakeFailures } from './handshake-failures.ts';
import { Opening } from './opening.ts';
import type { SessionSet } from './session.ts';

const NOTHING = Buffer.alloc(0);

/**
 * Connections that come through a proxy in front, which says in a header who the client is. The header is believed only
 * where it comes from a trusted address: anybody else could claim any address with it.
 */
export class ProxyProtocolAdmission implements Admission {
  readonly #reading: () => ProxyProtocolReading | null;
  readonly #inner: Admission;
  readonly #clock: Clock;
  readonly #connections: ConnectionCounts;
  readonly #failures: HandshakeFailures;
  #trusted: { readonly of: ProxyProtocolReading; readonly set: CidrSet } | null = null;

  /** @param reading how the header is read as of now; null where it is not @param inner takes what follows the header */
  constructor(
    reading: () => ProxyProtocolReading | null,
    inner: Admission,
    clock: Clock,
    connections: ConnectionCounts,
    failures: HandshakeFailures,
  ) {
    this.#reading = reading;
    this.#inner = inner;
    this.#clock = clock;
    this.#connections = connections;
    this.#failures = failures;
  }

  admit(arrival: Arrival, sessions: SessionSet): void {
    const reading = this.#reading();
    if (reading === null) this.#inner.admit(arrival, sessions);
    else openArrival(arrival, (connection) => this.#begin(connection, reading, sessions));
  }

  #begin(connection: Connection, reading: ProxyProtocolReading, sessions: SessionSet): ConnectionObserver {
    const isTrusted = this.#trustedBy(reading).has(connection.remoteAddress);
    if (!isTrusted && reading.mode === 'required') {
      this.#failed('the PROXY protocol is required, and the peer is not trusted to speak it');
      connection.destroy();
      return NOBODY;
    }
    const opening: Opening = new Opening(connection, sessions, this.#clock, MAX_PROXY_HEADER_BYTES, {
      read: (bytes) =>
        this.#read(opening, connection, bytes, { required: reading.mode === 'required', isTrusted, sessions }),
      failed: (cause) => this.#failed(cause),
    });
    return opening;
  }

  /** @returns how many octets must have come before it is worth asking again */
  #read(
    opening: Opening,
    connection: Connection,
    bytes: Buffer,
    {
      required,
      isTrusted,
      sessions,
    }: { readonly required: boolean; readonly isTrusted: boolean; readonly sessions: SessionSet },
  ): number {
    const result = isTrusted ? readProxyHeader(bytes, bytes.length) : ABSENT;
    if (result.kind === 'incomplete') return bytes.length + 1;
    if (result.kind === 'malformed' || (result.kind === 'absent' && required)) {
      opening.fail(
        result.kind === 'malformed' ? result.reason : 'the PROXY protocol is required, and there is no header',
      );
      return 0;
    }
    if (result.kind === 'header' && result.addresses !== null) connection.presentAs(result.addresses);
    const first = result.kind === 'header' ? bytes.subarray(result.length) : bytes;
    this.#inner.admit(
      { kind: 'begun', connection, first: first.length === 0 ? NOTHING : Buffer.from(first) },
      sessions,
    );
    return 0;
  }

  #failed(cause: string): void {
    this.#connections.failed();
    this.#failures.add(cause);
  }

  #trustedBy(reading: ProxyProtocolReading): CidrSet {
    if (this.#trusted?.of === reading) return this.#trusted.set;
    const set = new CidrSet(reading.trusted.flatMap((text) => parseCidr(text) ?? []));
    this.#trusted = { of: reading, set };
    return set;
  }
}

const ABSENT = { kind: 'absent' } as const;
