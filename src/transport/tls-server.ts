import { createHash, constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { ClientValidation } from '#model/snapshot/listener.ts';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import { readKeyPair, type TlsKeyPair } from './tls-key-pair.ts';
import { chooseKeyPairs, listenerFit } from './tls-server-names.ts';
import type { TicketKeys } from './tls-ticket-keys.ts';

/**
 * TLS 1.2 suites as Mozilla's "intermediate" has them (ECDHE and AEAD alone), fastest first where AES has instructions;
 * TLS 1.3 has its own, all of them fine.
 */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** How long a session may be taken up again, in seconds. Longer than the hour that nginx's documents use gains little. */
const SESSION_TIMEOUT_SECONDS = 3600;
/** Server names whose context is remembered; beyond them, a flood of made-up names would fill the memory. */
const MAX_REMEMBERED_NAMES = 1024;

/** One listener where TLS ends. */
export interface TlsListener {
  readonly name: string;
  /** Exact, `*.example.com`, or '' for any. */
  readonly hostname: string;
  readonly certificates: readonly CertificateResource[];
  readonly clientValidation: ClientValidation | null;
  readonly minVersion: '1.2' | '1.3';
}

/** What a server name leads to. */
export interface TlsChoice {
  readonly context: SecureContext;
  /** Name of the listener, or '' where the name fits none. */
  readonly listener: string;
  readonly clientValidation: ClientValidation | null;
  /** Lowest version that the listener speaks; others of its port may speak lower ones. */
  readonly minVersion: '1.2' | '1.3';
}

/**
 * `afterwards`: all names lead to the same certificates. `callback`: Node asks within the handshake. Its answer replaces
 * one certificate alone, so where names have certificates of several types of key, the name must be known `before` the
 * handshake begins.
 */
export type ServerNaming = 'afterwards' | 'callback' | 'before';

interface UsableListener extends TlsListener {
  readonly pairs: readonly TlsKeyPair[];
}

/** The listeners of one port where TLS ends: chooses certificates and what is asked of clients. Never changes. */
export class TlsServer {
  readonly #listeners: readonly UsableListener[];
  readonly #ticketKeys: TicketKeys;
  readonly #sessionIdContext: string;
  readonly #choices = new Map<string, TlsChoice>();
  /** OpenSSL settles the version before it asks for the server name, so that this is the lowest of all listeners. */
  readonly #minVersion: 'TLSv1.2' | 'TLSv1.3';
  #generation = 0;
  /** Protocols in the order of preference. */
  readonly alpn: readonly string[];
  /** Whether listeners differ in what they ask of clients. */
  readonly isolated: boolean;
  readonly asksClients: boolean;
  /** Whether a client without a certificate is never let in. */
  readonly requiresClients: boolean;
  readonly keyPairs: readonly TlsKeyPair[];
  /** How the server name is heard of. */
  readonly naming: ServerNaming;

  /** @param listeners at least one, each with at least one pair that can be used */
  private constructor(listeners: readonly UsableListener[], alpn: readonly string[], ticketKeys: TicketKeys) {
    const policies = listeners.map(({ clientValidation }) => JSON.stringify(clientValidation));
    this.#listeners = listeners;
    this.#ticketKeys = ticketKeys;
    this.#minVersion = listeners.some(({ minVersion }) => minVersion === '1.2') ? 'TLSv1.2' : 'TLSv1.3';
    this.alpn = alpn;
    this.isolated = new Set(policies).size > 1;
    this.asksClients = listeners.some(({ clientValidation }) => clientValidation !== null);
    this.requiresClients = listeners.every(
      ({ clientValidation }) => clientValidation !== null && !clientValidation.optional,
    );
    this.keyPairs = listeners.flatMap(({ pairs }) => pairs);
    this.naming = namingOf(listeners, this.isolated);
    // A session is taken up without a new look at the client's certificate, so it must not outlive what was asked.
    this.#sessionIdContext = createHash('sha256').update(policies.join()).digest('hex').slice(0, 32);
  }

  /** @returns the server, or null where no listener can be served; and what is wrong with which listener */
  static create(
    listeners: readonly TlsListener[],
    alpn: readonly string[],
    ticketKeys: TicketKeys,
  ): {
    readonly server: TlsServer | null;
    readonly failures: readonly { readonly listener: string; readonly message: string }[];
  } {
    const failures: { listener: string; message: string }[] = [];
    const usable = listeners.flatMap((listener): UsableListener[] => {
      const read = readListener(listener);
      if (typeof read !== 'string') return [read];
      failures.push({ listener: listener.name, message: read });
      return [];
    });
    return { server: usable.length === 0 ? null : new TlsServer(usable, alpn, ticketKeys), failures };
  }

  /** What clients are shown that name no host. */
  get defaultContext(): SecureContext {
    return this.choose('').context;
  }

  /** @param serverName lower case, or '' */
  choose(serverName: string): TlsChoice {
    const generation = this.#ticketKeys.generation();
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#choices.clear();
    }
    const known = this.#choices.get(serverName);
    if (known !== undefined) return known;
    const choice = this.#decide(serverName);
    if (this.#choices.size < MAX_REMEMBERED_NAMES) this.#choices.set(serverName, choice);
    return choice;
  }

  #decide(serverName: string): TlsChoice {
    let best: UsableListener | null = null;
    let bestFit = -1;
    for (const listener of this.#listeners) {
      const fit = listenerFit(listener.hostname, serverName);
      if (fit <= bestFit) continue;
      best = listener;
      bestFit = fit;
    }
    const shown = best ?? this.#listeners[0]!;
    const pairs = chooseKeyPairs(shown.pairs, serverName);
    return {
      context: this.#context(pairs, shown.clientValidation),
      listener: best === null ? '' : best.name,
      clientValidation: shown.clientValidation,
      minVersion: shown.minVersion,
    };
  }

  /** One context serves all names that lead to the same certificates. */
  #context(pairs: readonly TlsKeyPair[], validation: ClientValidation | null): SecureContext {
    for (const choice of this.#choices.values()) {
      const same = choice.clientValidation === validation && contextPairs.get(choice.context) === pairsKey(pairs);
      if (same) return choice.context;
    }
    const context = createServerContext(pairs, validation, {
      sessionIdContext: this.#sessionIdContext,
      minVersion: this.#minVersion,
      ticketKeys: this.isolated ? null : this.#ticketKeys.key(),
    });
    contextPairs.set(context, pairsKey(pairs));
    return context;
  }
}

const namingOf = (listeners: readonly UsableListener[], isolated: boolean): ServerNaming => {
  const pairs = new Map(listeners.flatMap((listener) => listener.pairs).map((pair) => [pair.name, pair]));
  const types = new Set([...pairs.values()].map(({ keyType }) => keyType));
  const names = new Set([...pairs.values()].map(({ hostNames }) => [...hostNames].sort().join()));
  const alike = listeners.every((listener) => new Set(listener.pairs.map(({ name }) => name)).size === pairs.size);
  if (!isolated && alike && names.size === 1 && types.size === pairs.size) return 'afterwards';
  return types.size === 1 ? 'callback' : 'before';
};

const pairsKey = (pairs: readonly TlsKeyPair[]): string =>
  pairs.map(({ name, version }) => `${name}@${version}`).join();
const contextPairs = new WeakMap<SecureContext, string>();

/** @returns why the listener cannot be served */
const readListener = (listener: TlsListener): UsableListener | string => {
  const read = listener.certificates.map(readKeyPair);
  const pairs = read.filter((one) => typeof one !== 'string');
  if (pairs.length === 0) return read.find((one) => typeof one === 'string') ?? 'no certificate is known';
  try {
    for (const pair of pairs)
      createServerContext([pair], listener.clientValidation, {
        sessionIdContext: '',
        minVersion: 'TLSv1.2',
        ticketKeys: null,
      });
  } catch (error) {
    return `cannot use the certificates: ${error instanceof Error ? error.message : String(error)}`;
  }
  return { ...listener, pairs };
};

interface ContextOptions {
  readonly sessionIdContext: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Null where no session is taken up again. */
  readonly ticketKeys: Buffer | null;
}

const createServerContext = (
  pairs: readonly TlsKeyPair[],
  validation: ClientValidation | null,
  { sessionIdContext, minVersion, ticketKeys }: ContextOptions,
): SecureContext => {
  const { SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_TICKET, SSL_OP_PRIORITIZE_CHACHA } = constants;
  return createSecureContext({
    cert: pairs.map(({ certificateChain }) => certificateChain),
    key: pairs.map(({ privateKey }) => privateKey),
    ...(validation === null ? {} : { ca: validation.caCertificates }),
    minVersion,
    ciphers: CIPHERS,
    honorCipherOrder: true,
    sessionTimeout: SESSION_TIMEOUT_SECONDS,
    sessionIdContext,
    ...(ticketKeys === null ? {} : { ticketKeys }),
    // Renegotiation lets a client make the server work without end (CVE-2011-1473).
    secureOptions: SSL_OP_NO_RENEGOTIATION | SSL_OP_PRIORITIZE_CHACHA | (ticketKeys === null ? SSL_OP_NO_TICKET : 0),
  });
};
