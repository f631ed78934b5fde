import type { Diagnostic } from '#model/diagnostic.ts';
import type { ControlSubject } from '../control-subject.ts';
import type { RootsView } from '../running-authority.ts';

/** What `selvage status` begins with. */
export interface Overview {
  readonly version: string;
  /** Milliseconds since 1970, by the clock of the control plane: whoever asks can compare clocks. */
  readonly nowMs: number;
  readonly startedAtMs: number;
  /** Whether documents were read and compiled: before, no proxy is admitted. */
  readonly isReady: boolean;
  /** What is wrong with the documents. */
  readonly diagnostics: readonly Diagnostic[];
  readonly roots: RootsView;
}

const startedAtMs = Math.round(performance.timeOrigin);

export function overview({ version, control, authority }: ControlSubject): Overview {
  return {
    version,
    nowMs: Date.now(),
    startedAtMs,
    isReady: control.mesh !== undefined,
    diagnostics: control.diagnostics,
    roots: authority.view(),
  };
}
