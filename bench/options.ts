// The command line of the bench.

import { parseArgs } from 'node:util';
import { GROUPS, type Group } from './load/jobs.ts';
import type { PeerName } from './load/peers/peer.ts';

/** What the user asked for. */
export interface BenchOptions {
  readonly groups: readonly Group[];
  readonly peers: readonly PeerName[];
  readonly seconds: number;
  readonly rounds: number;
  readonly accessLog: boolean;
  readonly jsonFile?: string;
  readonly profile: boolean;
  readonly help: boolean;
}

const PEER_NAMES: readonly PeerName[] = ['selvage', 'haproxy', 'nginx', 'caddy', 'envoy'];

/** Bounds that keep a slip of the finger from loading a shared machine for an hour. */
const MOST_SECONDS = 60;
const MOST_ROUNDS = 20;

export const HELP = `Usage: npm run bench -- http1 [options]

Measures Selvage over HTTP/1.1 beside other proxies on this machine, in turns, and prints ratios.

  --only <groups>    only these, with commas: ${GROUPS.join(', ')}
  --peers <names>    only these, with commas: ${PEER_NAMES.join(', ')}
  --seconds <n>      length of one measurement, 1 to ${MOST_SECONDS} (2)
  --rounds <n>       measurements per cell, 1 to ${MOST_ROUNDS} (3)
  --no-access-log    without access logs, for all peers
  --json <file>      write all measurements to a file too
  --profile          instead: load Selvage alone under --cpu-prof and print where its time goes
  --help             this
`;

/** Parses the arguments. @throws {Error} that says which one is wrong. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      peers: { type: 'string' },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '3' },
      'no-access-log': { type: 'boolean', default: false },
      json: { type: 'string' },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    groups: chosenOf('--only', values.only, GROUPS),
    peers: chosenOf('--peers', values.peers, PEER_NAMES),
    seconds: wholeWithin('--seconds', values.seconds, MOST_SECONDS),
    rounds: wholeWithin('--rounds', values.rounds, MOST_ROUNDS),
    accessLog: !values['no-access-log'],
    ...(values.json === undefined ? {} : { jsonFile: values.json }),
    profile: values.profile,
    help: values.help,
  };
}

function chosenOf<Name extends string>(
  option: string,
  text: string | undefined,
  names: readonly Name[],
): readonly Name[] {
  if (text === undefined) return names;
  const asked = text.split(',').map((name) => name.trim());
  const unknown = asked.find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`cannot use ${option} ${unknown}: choose from ${names.join(', ')}`);
  return names.filter((name) => asked.includes(name));
}

function wholeWithin(option: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`cannot use ${option} ${text}: give a whole number from 1 to ${most}`);
}
