import type { Program } from '../../end-to-end/testing/program.ts';

/** One answer that a load has written down. */
export interface Answered {
  readonly status: number;
  readonly ms: number;
  readonly text: string;
}

/** @param from octets of its output that are left out */
export function answersOf({ stdout }: Program, from = 0): readonly Answered[] {
  return stdout
    .slice(from)
    .split('\n')
    .filter((line) => /^\d+ \d+ /.test(line))
    .map((line) => {
      const [status = '', ms = '', ...text] = line.split(' ');
      return { status: Number(status), ms: Number(ms), text: text.join(' ') };
    });
}
