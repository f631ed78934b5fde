import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import type { IssuanceRecord } from '#control/authority/issuer.ts';

/**
 * What can happen in a mesh. `certified`, `refused`: an identity was asked for; `turned-away`: a certificate counted for
 * nothing; `connected`, `disconnected`, `not-admitted`, `cannot-use`: a proxy at discovery; `joined`, `state`, `left`: a
 * workload; `roots`: an exchange of roots.
 */
export type EventKind =
  | 'certified'
  | 'refused'
  | 'turned-away'
  | 'connected'
  | 'disconnected'
  | 'not-admitted'
  | 'cannot-use'
  | 'joined'
  | 'state'
  | 'left'
  | 'roots';

/** A row of `selvage get events`. */
export interface ControlEvent {
  /** Milliseconds since 1970; of one that happened several times in a row, the last time. */
  readonly timeMs: number;
  readonly kind: EventKind;
  /** A workload's id, or a SPIFFE id; '' for the mesh as a whole. */
  readonly subject: string;
  readonly text: string;
  /** How often in a row. */
  readonly count: number;
}

/** What strangers do over and over must not push out everything else, so these are bounded and counted. */
const MAX_EVENTS = 1000;
/** Peers have their say in some of it. */
const MAX_TEXT = 1000;
/** So many of the newest are looked at for the same event. */
const SAME_WITHIN = 20;

/** What has happened lately, in memory: for operators who look why something is as it is. */
export class EventLog {
  readonly #nowMs: () => number;
  #events: ControlEvent[] = [];
  #states: ReadonlyMap<string, LiveWorkload['state']> = new Map();

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** The latest last. */
  get latest(): readonly ControlEvent[] {
    return this.#events;
  }

  note(kind: EventKind, subject: string, words: string): void {
    const timeMs = this.#nowMs();
    const text = words.slice(0, MAX_TEXT);
    const at = this.#events.findLastIndex(
      (event, i) =>
        i >= this.#events.length - SAME_WITHIN &&
        event.kind === kind &&
        event.subject === subject &&
        event.text === text,
    );
    const count = at === -1 ? 1 : (this.#events[at]?.count ?? 0) + 1;
    if (at !== -1) this.#events.splice(at, 1);
    this.#events.push({ timeMs, kind, subject, text, count });
    if (this.#events.length > MAX_EVENTS) this.#events = this.#events.slice(-MAX_EVENTS);
  }

  noteIssuance(record: IssuanceRecord): void {
    if (record.outcome === 'issued') this.note('certified', record.spiffeId, `by ${record.evidence}`);
    else this.note('refused', record.spiffeId, record.reason);
  }

  /** Finds out what has changed since the call before. @param workloads all that there are */
  noteWorkloads(workloads: readonly LiveWorkload[]): void {
    const states = new Map(workloads.map(({ id, state }) => [id, state]));
    for (const { id, state, principal, service, address } of workloads) {
      const before = this.#states.get(id);
      if (before === undefined)
        this.note(
          'joined',
          id,
          `${principal} at ${address}${service === '' ? '' : `, for service ${service}`}, ${state}`,
        );
      else if (before !== state) this.note('state', id, `${before} → ${state}`);
    }
    for (const id of this.#states.keys()) if (!states.has(id)) this.note('left', id, 'is forgotten');
    this.#states = states;
  }
}
