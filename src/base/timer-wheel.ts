/** What a timer expires for. */
export interface Expirable {
  /** Called once, at the deadline or up to one tick later. May schedule the timer again. */
  expire(nowMs: number): void;
}

/**
 * A deadline of its owner. It is its own list node, so that setting and clearing it allocates nothing, which matters
 * where every request has a deadline that almost never comes. Not a base class: of many subclasses, each with a shape
 * of its own, the wheel could not be compiled well.
 */
export class WheelTimer {
  readonly owner: Expirable;
  /** The wheel's own: neighbours in a slot, or null while not scheduled. */
  wheelPrevious: WheelTimer | null = null;
  wheelNext: WheelTimer | null = null;
  /** Milliseconds on the wheel's clock; meaningful while scheduled. */
  deadlineMs = 0;

  constructor(owner: Expirable) {
    this.owner = owner;
  }

  get scheduled(): boolean {
    return this.wheelNext !== null;
  }
}

/** A slot's list is a ring through such a sentinel. */
const createSlot = (): WheelTimer => {
  const slot = new WheelTimer(NOBODY);
  slot.wheelPrevious = slot;
  slot.wheelNext = slot;
  return slot;
};

const NOBODY: Expirable = { expire: () => {} };

/**
 * Many timers on one coarse clock (a hashed timing wheel, Varghese & Lauck 1987): schedule and cancel are O(1) and
 * touch only neighbours. A timer beyond one turn of the wheel stays in its slot until its own turn comes round.
 * Sans-I/O: somebody calls {@link advance}, and {@link nextDeadlineMs} says when it is worth doing.
 */
export class TimerWheel {
  readonly tickMs: number;
  readonly #slots: WheelTimer[] = [];
  readonly #expiring = createSlot();
  readonly #mask: number;
  #tick: number;
  #size = 0;

  /**
   * @param nowMs where the clock stands
   * @param tickMs how late a timer may be
   * @param slotCount a power of two; one turn is `tickMs * slotCount`
   */
  constructor(nowMs: number, tickMs = 20, slotCount = 1024) {
    this.tickMs = tickMs;
    this.#mask = slotCount - 1;
    this.#tick = Math.floor(nowMs / tickMs);
    for (let i = 0; i < slotCount; i++) this.#slots.push(createSlot());
  }

  /** How many timers are scheduled. */
  get size(): number {
    return this.#size;
  }

  /** Sets a timer, or moves it if it was set. @param deadlineMs on the wheel's clock; never before the next tick */
  schedule(timer: WheelTimer, deadlineMs: number): void {
    if (timer.wheelNext !== null) this.cancel(timer);
    timer.deadlineMs = deadlineMs;
    const tick = Math.max(Math.ceil(deadlineMs / this.tickMs), this.#tick + 1);
    this.#link(timer, this.#slots[tick & this.#mask]!);
  }

  /** Clears a timer; nothing happens if it was not set. */
  cancel(timer: WheelTimer): void {
    const next = timer.wheelNext;
    if (next === null) return;
    const previous = timer.wheelPrevious!;
    previous.wheelNext = next;
    next.wheelPrevious = previous;
    timer.wheelNext = null;
    timer.wheelPrevious = null;
    this.#size--;
  }

  /** Expires what is due. @param nowMs must not go backwards */
  advance(nowMs: number): void {
    const target = Math.floor(nowMs / this.tickMs);
    // After a long pause one turn visits every slot; more turns would find nothing new.
    const first = Math.max(this.#tick + 1, target - this.#mask);
    for (let tick = first; tick <= target; tick++) {
      this.#tick = tick;
      this.#expireSlot(this.#slots[tick & this.#mask]!, nowMs);
    }
    if (target > this.#tick) this.#tick = target;
  }

  /** @returns when {@link advance} may find something: at the latest one turn ahead; Infinity with no timers */
  nextDeadlineMs(): number {
    if (this.#size === 0) return Infinity;
    for (let tick = this.#tick + 1; tick <= this.#tick + this.#mask; tick++) {
      const slot = this.#slots[tick & this.#mask]!;
      if (slot.wheelNext !== slot) return tick * this.tickMs;
    }
    return (this.#tick + this.#mask + 1) * this.tickMs;
  }

  /** Takes the whole ring out first, so that whatever expire() schedules or cancels cannot disturb the walk. */
  #expireSlot(slot: WheelTimer, nowMs: number): void {
    if (slot.wheelNext === slot) return;
    const expiring = this.#expiring;
    const first = slot.wheelNext!;
    const last = slot.wheelPrevious!;
    slot.wheelNext = slot;
    slot.wheelPrevious = slot;
    first.wheelPrevious = expiring;
    expiring.wheelNext = first;
    last.wheelNext = expiring;
    expiring.wheelPrevious = last;
    for (let timer: WheelTimer = first; timer !== expiring; timer = expiring.wheelNext) {
      this.cancel(timer);
      if (timer.deadlineMs <= nowMs) timer.owner.expire(nowMs);
      else this.#link(timer, slot);
    }
  }

  #link(timer: WheelTimer, slot: WheelTimer): void {
    const last = slot.wheelPrevious!;
    timer.wheelPrevious = last;
    timer.wheelNext = slot;
    last.wheelNext = timer;
    slot.wheelPrevious = timer;
    this.#size++;
  }
}
