const LOOK_MS = 1000;
/** Connections end where certificates do, and are there again at once: that is nothing to tell. */
const LOOKS_BEFORE_TOLD = 3;
/** Where a reason says what time it is, it is the same reason a second later. */
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** Tells operators when and why the control plane cannot be spoken to, each reason once, and when it can again. */
export class ControlWatch {
  readonly #failure: () => string;
  readonly #warn: (message: string) => void;
  /** Reasons that were told since all was well. */
  readonly #told = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  /** In a row at which it could not be spoken to. */
  #looks = 0;

  /** @param failure why it cannot be spoken to; '' while all is well */
  constructor(failure: () => string, warn: (message: string) => void) {
    this.#failure = failure;
    this.#warn = warn;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Tells at once, as while somebody waits for it. */
  tell(): void {
    this.#looks = LOOKS_BEFORE_TOLD;
    this.#look();
  }

  #look(): void {
    const failure = this.#failure();
    this.#looks = failure === '' ? 0 : this.#looks + 1;
    if (failure !== '' && this.#looks < LOOKS_BEFORE_TOLD) return;
    if (failure !== '') {
      const reason = failure.replaceAll(TIME, '');
      if (!this.#told.has(reason)) this.#warn(`${failure} (going on with what is known)`);
      this.#told.add(reason);
    } else if (this.#told.size > 0) {
      this.#told.clear();
      this.#warn('the control plane is there again');
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
