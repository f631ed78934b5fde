import { Fields } from '#http/fields.ts';
import { UNKNOWN_LENGTH } from '#http/head.ts';
import { isDroppedTrailer } from '#http/field-names.ts';
import { STREAM_FAULTS, type Fault } from './fault.ts';
import { section } from './field-section.ts';

/**
 * What is wrong with the block that was decoded last, as the one behind the content; or null.
 * @param ends whether the stream ends with it
 * @see RFC 9113 §8.1
 */
export function checkTrailers(ends: boolean): Fault | null {
  if (section.fault !== null) return section.fault;
  if (!ends) return STREAM_FAULTS.trailersOpen;
  if (section.pseudo !== 0) return STREAM_FAULTS.pseudoMisplaced;
  const framed = section.host !== null || section.contentLength !== UNKNOWN_LENGTH || section.expectsContinue;
  return framed ? STREAM_FAULTS.trailerField : null;
}

/** @returns the fields of that block, without those that may not come late (RFC 9110 §6.5.1); null for none */
export function readTrailers(): Fields | null {
  const entries = section.entries;
  let kept = 0;
  for (let i = 0; i < entries.length; i += 2) {
    if (isDroppedTrailer(entries[i]!)) continue;
    entries[kept++] = entries[i]!;
    entries[kept++] = entries[i + 1]!;
  }
  entries.length = kept;
  return kept === 0 ? null : new Fields(entries, true);
}
