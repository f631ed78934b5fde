import { createCertificateRequest } from './certificate-request.ts';
import type { IdentityProblem } from './identity-problem.ts';
import type { SpiffeId } from './spiffe-id.ts';
import { readSvid, type Svid } from './svid.ts';
import { createTrustBundle, supersedes, type TrustBundle } from './trust-bundle.ts';
import { WorkloadKey } from './workload-key.ts';

/*
 * Keeps a workload's identity fresh, without a socket, a timer or a clock: whoever drives it calls `poll` at
 * `nextPollMs` at the latest, carries requests to the authority and brings back what became of them.
 *
 *              nextPollMs reached
 *   waiting ─────────────────────────▶ requesting
 *     ▲  ▲                              │      │
 *     │  └── after half the lifetime ───┘      │ refused, unusable or no answer
 *     │         issued                         │
 *     └───── after 1 s, 2 s, … 60 s ───────────┘
 *
 * Beside this, what is `current` stays current until it expires, whatever the authority does.
 */

/** What a workload shows and whom it believes. */
export interface WorkloadIdentity {
  readonly svid: Svid;
  readonly bundle: TrustBundle;
}

/** Asks the authority for a certificate; compared by reference. */
export interface SvidRequest {
  readonly spiffeId: SpiffeId;
  /** PKCS#10 in DER. */
  readonly certificateRequest: Uint8Array;
}

/** The authority's answer to a request. */
export interface IssuedSvid {
  /** PEM, the workload's certificate first, without the root. */
  readonly certificateChain: string;
  readonly bundle: TrustBundle;
}

export interface SvidSourceOptions {
  readonly spiffeId: SpiffeId;
  /** From 0 to below 1, as `Math.random`: nothing secret comes of it. @defaultValue `Math.random` */
  readonly random?: () => number;
  /** How long an answer may take. @defaultValue 10 000 */
  readonly requestTimeoutMs?: number;
  /** Longest wait after the first failure; doubles with each further one. @defaultValue 1000 */
  readonly retryMinMs?: number;
  /** @defaultValue 60 000 */
  readonly retryMaxMs?: number;
}

/** Part of the lifetime after which to renew, and how far around it to spread what started together. */
const RENEWAL_SHARE = 0.5;
const RENEWAL_JITTER = 0.01;

export class SvidSource {
  readonly #options: Required<SvidSourceOptions>;
  readonly #listeners = new Set<(identity: WorkloadIdentity | undefined) => void>();
  #current: WorkloadIdentity | undefined;
  /** Kept through failures: where the authority's answer was lost, it knows the same key again. */
  #wish: { readonly key: WorkloadKey; readonly request: SvidRequest } | undefined;
  #state: 'waiting' | 'requesting' = 'waiting';
  /** Milliseconds since 1970: end of the wait, or of the patience with a request. */
  #deadlineMs = 0;
  #failures = 0;
  #lastProblem: string | undefined;

  constructor(options: SvidSourceOptions) {
    this.#options = { random: Math.random, requestTimeoutMs: 10_000, retryMinMs: 1000, retryMaxMs: 60_000, ...options };
  }

  /** Undefined before the first answer and after expiry. */
  get current(): WorkloadIdentity | undefined {
    return this.#current;
  }

  /** Why the last request failed; undefined after a success. */
  get lastProblem(): string | undefined {
    return this.#lastProblem;
  }

  /**
   * Milliseconds since 1970. Wall clocks are set and machines sleep, so poll once a minute even where this is hours
   * ahead.
   */
  get nextPollMs(): number {
    return Math.min(this.#deadlineMs, (this.#current?.svid.expiresAtMs ?? Infinity) + 1);
  }

  /** Starts from what an earlier process saved, which `readSvid` must have found valid. */
  restore(identity: WorkloadIdentity): void {
    this.#serve(identity);
  }

  /** @returns the request to send now, where one is due */
  poll(nowMs: number): SvidRequest | undefined {
    if (this.#current !== undefined && nowMs > this.#current.svid.expiresAtMs) this.#publish(undefined);
    if (nowMs < this.#deadlineMs) return undefined;
    if (this.#state === 'requesting') {
      this.#backOff('the authority did not answer in time', nowMs);
      return undefined;
    }
    this.#state = 'requesting';
    this.#deadlineMs = nowMs + this.#options.requestTimeoutMs;
    return this.#request();
  }

  /**
   * Brings the authority's answer.
   *
   * @returns why it cannot be used; the request is then repeated later
   */
  issued(request: SvidRequest, { certificateChain, bundle }: IssuedSvid, nowMs: number): IdentityProblem | undefined {
    if (this.#wish?.request !== request) return undefined;
    const { spiffeId } = this.#options;
    const newest = this.#newest(bundle);
    const svid = readSvid(certificateChain, {
      spiffeId,
      key: this.#wish.key,
      bundle: newest,
      nowMs,
      obtainedAtMs: nowMs,
    });
    if ('problem' in svid) {
      this.#backOff(svid.message, nowMs);
      return svid;
    }
    this.#serve({ svid, bundle: newest });
    return undefined;
  }

  /**
   * Says that a request failed.
   *
   * @param message for the operator, without anything secret
   */
  failed(request: SvidRequest, message: string, nowMs: number): void {
    if (this.#wish?.request === request && this.#state === 'requesting') this.#backOff(message, nowMs);
  }

  /** Takes over other roots; where they do not lead to the current SVID any more, a new one is requested at once. */
  replaceBundle(bundle: TrustBundle, nowMs: number): void {
    if (this.#current === undefined || this.#newest(bundle) !== bundle) return;
    const { svid } = this.#current;
    this.#publish({ svid, bundle });
    const { spiffeId, certificateChain, key, obtainedAtMs } = svid;
    const judged = readSvid(certificateChain, { spiffeId, key, bundle, nowMs, obtainedAtMs });
    if ('problem' in judged && this.#state === 'waiting') this.#deadlineMs = nowMs;
  }

  /**
   * Renews at a random moment within some time, so that those who are asked together do not come together; sooner where
   * that is due. Nothing happens where the current SVID leads to the root already.
   *
   * @param root PEM
   */
  renewUnless(root: string, withinMs: number, nowMs: number): void {
    if (this.#current === undefined || this.#state === 'requesting') return;
    const { svid, bundle } = this.#current;
    const alone = createTrustBundle(bundle.trustDomain, bundle.version, root);
    if (typeof alone === 'string') return;
    const { spiffeId, certificateChain, key, obtainedAtMs } = svid;
    const judged = readSvid(certificateChain, { spiffeId, key, bundle: alone, nowMs, obtainedAtMs });
    if ('problem' in judged) this.#deadlineMs = Math.min(this.#deadlineMs, nowMs + withinMs * this.#options.random());
  }

  /**
   * Calls `listener` with each new identity, and with undefined once the last one has expired.
   *
   * @returns ends it
   */
  subscribe(listener: (identity: WorkloadIdentity | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #request(): SvidRequest {
    if (this.#wish === undefined) {
      const { spiffeId } = this.#options;
      const key = WorkloadKey.generate();
      this.#wish = { key, request: { spiffeId, certificateRequest: createCertificateRequest(key, spiffeId) } };
    }
    return this.#wish.request;
  }

  #newest(bundle: TrustBundle): TrustBundle {
    const current = this.#current?.bundle;
    return current === undefined || supersedes(bundle, current) ? bundle : current;
  }

  #serve(identity: WorkloadIdentity): void {
    const { obtainedAtMs, expiresAtMs } = identity.svid;
    const share = RENEWAL_SHARE + RENEWAL_JITTER * (2 * this.#options.random() - 1);
    this.#wish = undefined;
    this.#state = 'waiting';
    this.#deadlineMs = obtainedAtMs + (expiresAtMs - obtainedAtMs) * share;
    this.#failures = 0;
    this.#lastProblem = undefined;
    this.#publish(identity);
  }

  /** Between half of the delay and all of it, so that proxies that lost the authority together do not return so. */
  #backOff(message: string, nowMs: number): void {
    const { retryMinMs, retryMaxMs, random } = this.#options;
    const delayMs = Math.min(retryMaxMs, retryMinMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    this.#lastProblem = message;
    this.#state = 'waiting';
    this.#deadlineMs = nowMs + delayMs * (0.5 + random() / 2);
  }

  #publish(identity: WorkloadIdentity | undefined): void {
    this.#current = identity;
    for (const listener of this.#listeners) listener(identity);
  }
}
