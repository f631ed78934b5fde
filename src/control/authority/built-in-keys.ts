import { createTrustBundle, type TrustBundle } from '#identity/trust-bundle.ts';
import type { TrustDomain } from '#identity/trust-domain.ts';
import {
  type AuthorityState,
  createAuthorityState,
  loadAuthorityState,
  saveAuthorityState,
} from './authority-state.ts';
import {
  advanceRotation,
  beginRotation,
  hastenRotation,
  type Prompt,
  type Rotation,
  signingRoot,
} from './root-rotation.ts';
import { createRoot, readSigner, type RootKeyPair, type Signer } from './signer.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { StateFolder } from './state-folder.ts';

/** Roots that Selvage makes and keeps itself. Each change is saved before it takes effect. */
export class BuiltInKeys implements SigningKeys {
  readonly #folder: StateFolder;
  readonly #trustDomain: TrustDomain;
  #state: AuthorityState;
  #bundle: TrustBundle;
  #signer: Signer;
  #ownSigner: Signer;

  private constructor(folder: StateFolder, trustDomain: TrustDomain, state: AuthorityState) {
    this.#folder = folder;
    this.#trustDomain = trustDomain;
    this.#state = state;
    this.#bundle = bundleOf(trustDomain, state);
    this.#signer = signerOf(signingRoot(state));
    this.#ownSigner = signerOf(state.roots[0]);
  }

  /**
   * Opens the roots in a folder, and makes the first one where there is none.
   *
   * @param svidLifetimeMs of SVIDs that will be signed
   * @throws where the folder's content is damaged or of another trust domain
   */
  static open(folder: StateFolder, trustDomain: TrustDomain, svidLifetimeMs: number, nowMs: number): BuiltInKeys {
    const state = loadAuthorityState(folder) ?? createState(folder, trustDomain, svidLifetimeMs, nowMs);
    if (state.trustDomain !== trustDomain)
      throw new Error(
        `cannot use the certificate authority in ${folder.pathOf('')}: it is of trust domain ${state.trustDomain}, ` +
          `not of ${trustDomain} (name that trust domain or another state folder)`,
      );
    const keys = new BuiltInKeys(folder, trustDomain, state);
    // A shorter one may be meant from now on; SVIDs that live longer are out there nevertheless.
    if (svidLifetimeMs > state.longestLifetimeMs) keys.#replace({ ...state, longestLifetimeMs: svidLifetimeMs });
    return keys;
  }

  get bundle(): TrustBundle {
    return this.#bundle;
  }

  get signer(): Signer {
    return this.#signer;
  }

  get ownSigner(): Signer {
    return this.#ownSigner;
  }

  /** PEM of the root that is to sign alone at the end of an exchange; while none is under way, of the only one. */
  get newestRoot(): string {
    return this.#bundle.roots.at(-1)!;
  }

  /** Key identifier of the same, hexadecimal. */
  get newestKeyId(): string {
    return Buffer.from(signerOf(this.#state.roots.at(-1)!).keyIdentifier).toString('hex');
  }

  /** Where an exchange of roots has got to, for operators. */
  get rotation(): Rotation {
    return this.#state.rotation;
  }

  /**
   * Begins to exchange the root: adds a new one to the bundle at once, and lets it sign later.
   *
   * @param announceMs until the new root signs; from all proxies that are connected it may be little
   * @defaultValue the lifetime of the longest-lived SVID: who does not know the new root by then has no valid SVID
   * @param prompt absent where time alone counts
   * @returns the reason where an exchange is under way already
   */
  rotateRoot(nowMs: number, announceMs: number = this.#state.longestLifetimeMs, prompt?: Prompt): string | undefined {
    this.advance(nowMs);
    const next = beginRotation(this.#state, createRoot(this.#trustDomain, nowMs), nowMs, announceMs, prompt);
    if (typeof next === 'string') return next;
    this.#replace({ ...next, trustDomain: this.#trustDomain });
    return undefined;
  }

  /** Has an exchange that is under way go on as soon as proxies are ready. */
  hasten(prompt: Prompt): void {
    this.#replace({ ...hastenRotation(this.#state, prompt), trustDomain: this.#trustDomain });
  }

  /** @param isHastened whether the next step of an exchange is due now, whatever its time */
  advance(nowMs: number, isHastened = false): boolean {
    const next = advanceRotation(this.#state, nowMs, isHastened);
    if (next === this.#state) return false;
    const before = this.#state.bundleVersion;
    this.#replace({ ...next, trustDomain: this.#trustDomain });
    return this.#state.bundleVersion !== before;
  }

  #replace(state: AuthorityState): void {
    saveAuthorityState(this.#folder, state);
    this.#state = state;
    this.#bundle = bundleOf(this.#trustDomain, state);
    this.#signer = signerOf(signingRoot(state));
    this.#ownSigner = signerOf(state.roots[0]);
  }
}

function createState(
  folder: StateFolder,
  trustDomain: TrustDomain,
  longestLifetimeMs: number,
  nowMs: number,
): AuthorityState {
  const roots: AuthorityState['roots'] = [createRoot(trustDomain, nowMs)];
  const state: AuthorityState = {
    trustDomain,
    bundleVersion: 1,
    roots,
    rotation: { phase: 'steady' },
    longestLifetimeMs,
  };
  // Another process that starts at the same time may have made its root first; then that one is the mesh's.
  return createAuthorityState(folder, state) ? state : loadAuthorityState(folder)!;
}

function bundleOf(trustDomain: TrustDomain, { bundleVersion, roots }: AuthorityState): TrustBundle {
  const bundle = createTrustBundle(trustDomain, bundleVersion, roots.map(({ certificate }) => certificate).join('\n'));
  if (typeof bundle === 'string') throw new Error(`cannot use the certificate authority: ${bundle}`);
  return bundle;
}

function signerOf({ certificate, privateKey }: RootKeyPair): Signer {
  const signer = readSigner(certificate, privateKey, '');
  if (typeof signer === 'string') throw new Error(`cannot use the certificate authority: ${signer}`);
  return signer;
}
