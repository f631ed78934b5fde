import { parseCidr } from '#base/cidr.ts';
import { durationPattern, parseDurationMs } from '#model/duration.ts';
import { UsageError } from './arguments.ts';

/** @param others further words that are allowed, for the message: as in `, or off` */
export function readInteger(flag: string, text: string, least: number, most: number, others = ''): number {
  const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`cannot read ${flag} ${text}: give a whole number from ${least} to ${most}${others}`);
}

export function readDuration(flag: string, text: string): number {
  if (durationPattern.test(text)) return parseDurationMs(text);
  throw new UsageError(`cannot read ${flag} ${text}: give a duration, as in 30s or 2m`);
}

export function readAddress(flag: string, text: string): string {
  if (!text.includes('/') && parseCidr(text) !== undefined) return text;
  throw new UsageError(`cannot read ${flag} ${text}: give an IP address, as in 127.0.0.1`);
}

/** A name as Kubernetes has it for objects, so that it can be part of a SPIFFE id and of a host name. */
export function readName(flag: string, text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new UsageError(`cannot read ${flag} ${text}: give at most 63 lower-case letters, digits and "-"`);
}
