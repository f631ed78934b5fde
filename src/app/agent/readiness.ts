import { accepts } from './application.ts';

/** While it starts, an application is to be called as soon as it can be. */
const STARTING_MS = 50;
const RUNNING_MS = 2000;
/** One connect that fails may be a full backlog. */
const FAILURES = 2;

/** Watches whether an application accepts connections at all of its ports. */
export class Readiness {
  readonly #ports: readonly number[];
  readonly #changed: (isReady: boolean) => void;
  #isReady = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param changed told whenever that changes, at first that it is ready */
  constructor(ports: readonly number[], changed: (isReady: boolean) => void) {
    this.#ports = ports;
    this.#changed = changed;
    void this.#probe();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #probe(): Promise<void> {
    const answers = await Promise.all(this.#ports.map(accepts));
    if (this.#isClosed) return;
    this.#failures = answers.every(Boolean) ? 0 : this.#failures + 1;
    const isReady = this.#failures === 0 || (this.#isReady && this.#failures < FAILURES);
    if (isReady !== this.#isReady) {
      this.#isReady = isReady;
      this.#changed(isReady);
    }
    this.#timer = setTimeout(() => void this.#probe(), isReady ? RUNNING_MS : STARTING_MS);
  }
}
