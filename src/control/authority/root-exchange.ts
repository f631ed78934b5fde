import type { BuiltInKeys } from './built-in-keys.ts';
import type { Prompt, Rotation } from './root-rotation.ts';

/** What a connected proxy has, as far as an exchange of roots must know it. */
export interface ProxyTrust {
  readonly id: string;
  /** Whether it believes all roots of the bundle. */
  readonly knowsBundle: boolean;
  /** Key identifier of the root that has signed its SVID, hexadecimal; undefined where that is not known. */
  readonly issuerKeyId: string | undefined;
}

export interface RootExchangeOptions {
  readonly keys: BuiltInKeys;
  /** Those that are connected now. */
  readonly proxies: () => readonly ProxyTrust[];
}

/**
 * Takes the steps of an exchange of roots when they are due: by the clock, or, where it is to be prompt, once all
 * connected proxies have been ready for some time. Those that are away are then not waited for.
 */
export class RootExchange {
  readonly #options: RootExchangeOptions;
  /** Since when all are ready for the next step; undefined while one is not. */
  #readySinceMs: number | undefined;

  constructor(options: RootExchangeOptions) {
    this.#options = options;
  }

  /**
   * Begins an exchange, or makes one prompt that goes by the clock.
   *
   * @param prompt absent where time alone counts
   * @returns the reason where one is under way already
   * @throws where it cannot be saved; nothing has then begun
   */
  begin(nowMs: number, prompt: Prompt | undefined): string | undefined {
    const { keys } = this.#options;
    this.#readySinceMs = undefined;
    if (prompt === undefined || !goesByClock(keys.rotation)) return keys.rotateRoot(nowMs, undefined, prompt);
    keys.hasten(prompt);
    return undefined;
  }

  /**
   * Takes the step that is due, if one is. To be called often while an exchange is prompt.
   *
   * @returns whether one was taken: what signs, or what is trusted, is then another root
   * @throws where it cannot be saved; it is then not taken
   */
  advance(nowMs: number): boolean {
    const { keys } = this.#options;
    const before = keys.rotation;
    keys.advance(nowMs, this.#isHastened(nowMs));
    if (keys.rotation === before) return false;
    this.#readySinceMs = undefined;
    return true;
  }

  /** Ids of the connected proxies that are not ready for the next step. */
  waitingFor(): readonly string[] {
    const { keys, proxies } = this.#options;
    const { phase } = keys.rotation;
    if (phase === 'steady') return [];
    const newest = keys.newestKeyId;
    const isReady = ({ knowsBundle, issuerKeyId }: ProxyTrust): boolean =>
      phase === 'announced' ? knowsBundle : issuerKeyId === newest;
    return proxies()
      .filter((proxy) => !isReady(proxy))
      .map(({ id }) => id);
  }

  #isHastened(nowMs: number): boolean {
    const { rotation } = this.#options.keys;
    const prompt = rotation.phase === 'steady' ? undefined : rotation.prompt;
    if (prompt === undefined) return false;
    this.#readySinceMs = this.waitingFor().length > 0 ? undefined : (this.#readySinceMs ?? nowMs);
    return this.#readySinceMs !== undefined && nowMs - this.#readySinceMs >= prompt.marginMs;
  }
}

function goesByClock(rotation: Rotation): boolean {
  return rotation.phase !== 'steady' && rotation.prompt === undefined;
}
