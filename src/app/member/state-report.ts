import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import { REPORT_PATH, type WorkloadReport } from '#control/publish/workload-report.ts';
import type { Clock } from '#transport/clock.ts';
import { callControl } from './control-call.ts';
import type { IdentityKeeper } from './identity-keeper.ts';

/** A report that did not arrive is repeated so soon. */
const RETRY_MS = 1000;

/** Tells a control plane how a workload is, each time until it has heard it or something newer is to be told. */
export class StateReport {
  readonly #id: string;
  readonly #identity: IdentityKeeper;
  readonly #clock: Clock;
  #state: LiveWorkload['state'] = 'unready';
  #sent: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** @param id of the workload */
  constructor(id: string, identity: IdentityKeeper, clock: Clock) {
    this.#id = id;
    this.#identity = identity;
    this.#clock = clock;
  }

  /** What was reported last; `unready` at first. */
  get state(): LiveWorkload['state'] {
    return this.#state;
  }

  /** @returns when the control plane has heard it, or something newer is to be told */
  report(state: LiveWorkload['state']): Promise<void> {
    if (state === this.#state) return this.#sent;
    this.#state = state;
    this.#sent = this.#send(state);
    return this.#sent;
  }

  /** Tells nothing more. */
  close(): void {
    this.#isClosed = true;
  }

  async #send(state: LiveWorkload['state']): Promise<void> {
    const { dial, authority } = this.#identity;
    const report: WorkloadReport = { id: this.#id, state };
    while (!this.#isClosed && state === this.#state) {
      const { ok } = await callControl(dial, authority, REPORT_PATH, report, this.#clock);
      if (ok) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
