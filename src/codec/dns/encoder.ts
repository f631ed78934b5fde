import { DNS_HEADER_BYTES, type DnsMessage, type DnsRecord, RECORD_TYPE } from './message.ts';
import { encodeName } from './name.ts';

/**
 * Encodes a message. Names are compressed only where they are the first question's, which those of answers nearly always
 * are.
 *
 * @throws {RangeError} where a name of the message can be none
 */
export const encodeDnsMessage = (message: DnsMessage): Uint8Array => {
  const { questions, answers, authorities, additional } = message;
  const first = questions[0]?.name;
  const octets: number[] = [];
  push16(octets, message.id);
  push16(octets, flagsOf(message));
  for (const { length } of [questions, answers, authorities, additional]) push16(octets, length);
  for (const question of questions) {
    octets.push(...nameOf(question.name));
    push16(octets, question.type);
    push16(octets, question.class);
  }
  for (const record of [...answers, ...authorities, ...additional]) pushRecord(octets, record, first);
  return Uint8Array.from(octets);
};

/** @param address dotted @returns the content of an A record */
export const encodeIpv4 = (address: string): Uint8Array => Uint8Array.from(address.split('.'), Number);

/** @returns an OPT record that says what is taken over UDP (RFC 6891 §6.1.2) */
export const optRecord = (udpBytes: number, responseCode = 0): DnsRecord => ({
  name: '',
  type: RECORD_TYPE.OPT,
  class: udpBytes,
  // The high octet has what does not fit into the header's four bits.
  ttlSeconds: (responseCode >> 4) * 0x100_0000,
  content: new Uint8Array(0),
});

const flagsOf = (message: DnsMessage): number =>
  (message.isResponse ? 0x8000 : 0) |
  (message.opcode << 11) |
  (message.isAuthoritative ? 0x0400 : 0) |
  (message.isTruncated ? 0x0200 : 0) |
  (message.wantsRecursion ? 0x0100 : 0) |
  (message.offersRecursion ? 0x0080 : 0) |
  (message.responseCode & 0xf);

const pushRecord = (octets: number[], record: DnsRecord, first: string | undefined): void => {
  if (record.name !== '' && record.name === first) push16(octets, 0xc000 | DNS_HEADER_BYTES);
  else octets.push(...nameOf(record.name));
  push16(octets, record.type);
  push16(octets, record.class);
  push16(octets, Math.floor(record.ttlSeconds / 0x1_0000));
  push16(octets, record.ttlSeconds & 0xffff);
  push16(octets, record.content.length);
  octets.push(...record.content);
};

const push16 = (octets: number[], number: number): void => {
  octets.push((number >> 8) & 0xff, number & 0xff);
};

const nameOf = (name: string): readonly number[] => {
  const octets = encodeName(name);
  if (octets === undefined) throw new RangeError(`cannot encode ${JSON.stringify(name)} as a name of the DNS`);
  return octets;
};
