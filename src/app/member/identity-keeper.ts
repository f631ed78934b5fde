import { IDENTITY_PATH, type IdentityMessage, readIdentityAnswer } from '#control/publish/identity-exchange.ts';
import { readSavedIdentity, writeSavedIdentity } from '#identity/saved-identity.ts';
import { createSpiffeId, type SpiffeId } from '#identity/spiffe-id.ts';
import { SvidSource, type SvidRequest, type WorkloadIdentity } from '#identity/svid-source.ts';
import { createTrustBundle, rootCertificates, type TrustBundle } from '#identity/trust-bundle.ts';
import { parseTrustDomain } from '#identity/trust-domain.ts';
import type { TrustBundleResource } from '#model/snapshot/trust-bundle.ts';
import type { Clock } from '#transport/clock.ts';
import type { DiscoveryChange } from '#xds/client/change-queue.ts';
import type { Dial } from '#xds/discovery-transport.ts';
import { PERMISSION_DENIED } from '#xds/grpc-status.ts';
import type { Rejection } from '#xds/rejection.ts';
import { callControl } from './control-call.ts';
import { type ControlAddress, dialControl, learnMesh } from './control-dial.ts';
import { fingerprintOf, type JoinText } from './join-text.ts';
import type { PrivateFiles } from './private-files.ts';
import { takeUsable } from './usable-change.ts';

export interface IdentityKeeperOptions {
  readonly control: ControlAddress;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Undefined where the workload has joined before. */
  readonly join: JoinText | undefined;
  readonly files: PrivateFiles;
  readonly clock: Clock;
  /** Told of what an operator should know. */
  readonly warn: (message: string) => void;
}

const FILE = 'identity';
/** Wall clocks are set and machines sleep, so that no wait is longer. */
const MAX_POLL_MS = 60_000;

/** Gets a workload's identity, keeps it fresh and saved, and dials its control plane with it. */
export class IdentityKeeper {
  readonly source: SvidSource;
  /** Dials the control plane with the identity that is current. */
  readonly dial: Dial;
  readonly #options: IdentityKeeperOptions;
  /** What is believed before there is an identity. */
  #firstBundle: TrustBundle;
  readonly #spiffeId: SpiffeId;
  #renewal: TrustBundleResource['renewal'] = null;
  #timer: NodeJS.Timeout | undefined;
  #localAddress = '127.0.0.1';
  #isClosed = false;

  private constructor(
    options: IdentityKeeperOptions,
    spiffeId: SpiffeId,
    bundle: TrustBundle,
    saved: WorkloadIdentity | undefined,
  ) {
    this.#options = options;
    this.#firstBundle = bundle;
    this.#spiffeId = spiffeId;
    this.source = new SvidSource({ spiffeId });
    this.dial = dialControl(
      options.control,
      () => ({ bundle: this.source.current?.bundle ?? this.#firstBundle, identity: this.source.current }),
      (address) => void (this.#localAddress = address),
    );
    if (saved !== undefined) this.source.restore(saved);
    this.source.subscribe((identity) => this.#save(identity));
  }

  /**
   * Opens the identity that was saved, or asks the control plane which mesh it is of.
   *
   * @throws (rejects) where neither is possible
   */
  static async open(options: IdentityKeeperOptions): Promise<IdentityKeeper> {
    const { namespace, serviceAccount, join, control } = options;
    const saved = readSaved(options);
    if (saved !== undefined && !(await isOfAnotherMesh(saved, options)))
      return new IdentityKeeper(options, saved.svid.spiffeId, saved.bundle, saved);
    if (join === undefined)
      throw new Error('this workload has no identity yet, and no join token to get one (--token)');
    const { trustDomain, bundle } = await learnMesh(control, join.rootsSha256);
    const spiffeId = createSpiffeId(trustDomain, namespace, serviceAccount);
    if (typeof spiffeId === 'string') throw new Error(spiffeId);
    return new IdentityKeeper(options, spiffeId, bundle, undefined);
  }

  /** Where others reach this machine: the address that leads to the control plane. */
  get localAddress(): string {
    return this.#localAddress;
  }

  get authority(): string {
    const { host, port } = this.#options.control;
    return `${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /**
   * Has a valid identity from here on, and keeps it.
   *
   * @throws (rejects) where the control plane refuses it
   */
  async start(): Promise<void> {
    while (this.source.current === undefined && !this.#isClosed) {
      const request = this.source.poll(Date.now());
      if (request === undefined) await delay(Math.max(20, this.source.nextPollMs - Date.now()));
      else {
        await this.#ask(request, true);
        if (this.source.current === undefined) await this.#learnAgain();
      }
    }
    this.#schedule();
  }

  /**
   * Takes over the roots that the control plane has published, and renews where the identity is of one that goes.
   *
   * @returns what cannot be used
   */
  takeRoots(change: DiscoveryChange): readonly Rejection[] {
    const { usable, refused } = takeUsable(change);
    const unfit = usable.upserts.flatMap((resource) => {
      const reason = resource.type === 'trust-bundle' ? this.#takeBundle(resource) : undefined;
      return reason === undefined ? [] : [{ name: resource.name, reason }];
    });
    return [...refused, ...unfit];
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** @returns the reason where it is none of this trust domain */
  #takeBundle({ name, bundleVersion, roots, renewal }: TrustBundleResource): string | undefined {
    const { source } = this;
    const trustDomain = parseTrustDomain(name);
    if (trustDomain === undefined || trustDomain !== this.#spiffeId.trustDomain)
      return `this proxy is of trust domain ${this.#spiffeId.trustDomain}`;
    const bundle = createTrustBundle(trustDomain, bundleVersion, roots.join('\n'));
    if (typeof bundle === 'string') return bundle;
    source.replaceBundle(bundle, Date.now());
    this.#renewal = renewal;
    this.#heedRenewal();
    this.#schedule();
    return undefined;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const waitMs = Math.min(MAX_POLL_MS, Math.max(20, this.source.nextPollMs - Date.now()));
    this.#timer = setTimeout(() => void this.#poll(), waitMs);
  }

  async #poll(): Promise<void> {
    const request = this.source.poll(Date.now());
    if (request !== undefined) {
      await this.#ask(request, false);
      // What was under way when it was asked for may still be of the root that goes.
      this.#heedRenewal();
    }
    this.#schedule();
  }

  #heedRenewal(): void {
    if (this.#renewal === null) return;
    const { root, withinMs } = this.#renewal;
    this.source.renewUnless(root, withinMs, Date.now());
  }

  /** Amid an exchange of roots the control plane shows a certificate of one root at one time, and of the other soon after. */
  async #learnAgain(): Promise<void> {
    const { join, control } = this.#options;
    if (join === undefined) return;
    const learnt = await learnMesh(control, join.rootsSha256).catch(() => undefined);
    if (learnt?.trustDomain === this.#spiffeId.trustDomain) this.#firstBundle = learnt.bundle;
  }

  /** @param isFirst whether a refusal is final: later on, the operator may mend it while the identity still holds */
  async #ask(request: SvidRequest, isFirst: boolean): Promise<void> {
    const { namespace, serviceAccount, join, clock, warn } = this.#options;
    const message: IdentityMessage = {
      namespace,
      serviceAccount,
      // Who has a certificate renews with it: the token may be used up.
      ...(this.source.current === undefined && join !== undefined && { token: join.token }),
      certificateRequest: Buffer.from(request.certificateRequest).toString('base64'),
    };
    const outcome = await callControl(this.dial, this.authority, IDENTITY_PATH, message, clock);
    const issued = outcome.ok ? readIdentityAnswer(outcome.answer) : outcome.status.message;
    if (typeof issued !== 'string') {
      const problem = this.source.issued(request, issued, Date.now());
      if (problem !== undefined) warn(`cannot use the identity that ${this.authority} has issued: ${problem.message}`);
      return;
    }
    this.source.failed(request, issued, Date.now());
    const isRefused = !outcome.ok && outcome.status.code === PERMISSION_DENIED;
    if (isFirst && isRefused) throw new Error(issued);
    warn(`cannot get an identity from ${this.authority}: ${issued} (trying again)`);
  }

  #save(identity: WorkloadIdentity | undefined): void {
    if (identity === undefined)
      return this.#options.warn('the identity of this workload has expired, and no other one could be had');
    try {
      this.#options.files.write(FILE, writeSavedIdentity(identity));
    } catch (error) {
      this.#options.warn(`cannot save the identity: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/**
 * Whether the join token leads to another mesh than that of the saved identity. That it names another root is not enough:
 * after an exchange of roots it is the token that is old.
 */
async function isOfAnotherMesh({ bundle }: WorkloadIdentity, options: IdentityKeeperOptions): Promise<boolean> {
  const { join, control } = options;
  if (join === undefined || rootCertificates(bundle).some((root) => join.rootsSha256.includes(fingerprintOf(root))))
    return false;
  try {
    await learnMesh(control, join.rootsSha256);
    options.warn(
      'the saved identity is of another mesh than the join token, or of a root that is gone: it is replaced',
    );
    return true;
  } catch {
    return false;
  }
}

/** @returns undefined where there is none of use: the token then gets another one */
function readSaved({ files, namespace, serviceAccount, warn }: IdentityKeeperOptions): WorkloadIdentity | undefined {
  const text = files.read(FILE);
  if (text === undefined) return undefined;
  const saved = readSavedIdentity(text, Date.now());
  if (typeof saved === 'string') {
    warn(`cannot use the saved identity: ${saved}`);
    return undefined;
  }
  const { spiffeId } = saved.svid;
  if (spiffeId.namespace === namespace && spiffeId.serviceAccount === serviceAccount) return saved;
  warn(`the saved identity is of ${spiffeId.uri}, and this workload is to be another: it is not used`);
  return undefined;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
