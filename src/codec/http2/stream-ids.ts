const KEPT = 32;

/** The last few stream identifiers of some kind: enough to tell a late frame from a wrong one. */
export class RecentStreamIds {
  readonly #ids = new Int32Array(KEPT);
  #next = 0;

  note(streamId: number): void {
    this.#ids[this.#next++ % KEPT] = streamId;
  }

  has(streamId: number): boolean {
    return this.#ids.includes(streamId);
  }
}
