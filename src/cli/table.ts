import { printable } from './printable.ts';
import type { Tone } from './terminal.ts';

/** Puts tones on cells, where the output shows any. */
export interface CellTones {
  readonly paint: (tone: Tone, text: string) => string;
  /** @returns undefined for a cell that stays as it is */
  readonly toneOf: (head: string, cell: string) => Tone | undefined;
}

/** Lines of a table, columns as wide as their widest cell, the heads in capitals. Cells may hold anything. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[], tones?: CellTones): string[] {
  const cells = rows.map((row) => row.map(printable));
  const all = [heads.map((head) => head.toUpperCase()), ...cells];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row, at) =>
    row
      .map((cell, column) => {
        const tone = at === 0 ? ('faint' as const) : tones?.toneOf(heads[column] ?? '', cell);
        const painted = tone === undefined || tones === undefined || cell === '' ? cell : tones.paint(tone, cell);
        const isLast = row.slice(column + 1).every((next) => next === '');
        // Blanks stay behind the colours, and none at the end.
        return isLast ? painted : painted + ' '.repeat((widths[column] ?? 0) - cell.length + 2);
      })
      .join('')
      .trimEnd(),
  );
}
