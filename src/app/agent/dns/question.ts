import { encodeDnsMessage, encodeIpv4, optRecord } from '#codec/dns/encoder.ts';
import {
  CLASS_INTERNET,
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
  ednsOf,
  OPCODE_QUERY,
  RECORD_TYPE,
  RESPONSE_CODE,
} from '#codec/dns/message.ts';
import { decodeDnsMessage } from '#codec/dns/decoder.ts';

/** What has arrived at the resolver. */
export type Arrived =
  /** `query` asks one question, and may be of the mesh. */
  | { readonly kind: 'query'; readonly query: DnsMessage; readonly question: DnsQuestion }
  /** It is answered with this, whoever asks. */
  | { readonly kind: 'refused'; readonly answer: Uint8Array }
  /** Nobody is to be answered. */
  | { readonly kind: 'nothing' };

/** So short that an application follows when a service comes or goes. */
const TTL_SECONDS = 5;
/** Fits into one packet on all usual networks (DNS flag day 2020). */
const UDP_BYTES = 1232;

/** Tells what is to become of octets that have arrived. */
export function readQuestion(octets: Uint8Array): Arrived {
  const decoding = decodeDnsMessage(octets);
  if (decoding.kind === 'malformed') {
    const { id } = decoding;
    // Who answers responses can be had to talk to another such server for ever.
    if (id === null || (octets[2]! & 0x80) !== 0) return { kind: 'nothing' };
    const opcode = (octets[2]! >> 3) & 0xf;
    return refusal({ ...NOTHING, id, opcode }, RESPONSE_CODE.formatError);
  }
  const { message } = decoding;
  const [question, ...others] = message.questions;
  if (message.isResponse) return { kind: 'nothing' };
  if (message.opcode !== OPCODE_QUERY) return refusal(message, RESPONSE_CODE.notImplemented);
  if (question === undefined || others.length > 0) return refusal(message, RESPONSE_CODE.formatError);
  if ((ednsOf(message)?.version ?? 0) > 0) return refusal(message, RESPONSE_CODE.badVersion);
  return { kind: 'query', query: message, question };
}

/** @returns whether a question may be one for an address of a service */
export const mayBeOfMesh = (question: DnsQuestion): boolean =>
  question.class === CLASS_INTERNET && !question.name.includes('\\');

/**
 * Answers for a name of the mesh: with its address who asks for IPv4, and else with nothing, which says that the name is
 * there, and that there is no such record of it (RFC 2308 §2.2).
 */
export function answerWith(query: DnsMessage, question: DnsQuestion, address: string): Uint8Array {
  const isAsked = question.type === RECORD_TYPE.A || question.type === RECORD_TYPE.ANY;
  const record: DnsRecord = {
    name: question.name,
    type: RECORD_TYPE.A,
    class: CLASS_INTERNET,
    ttlSeconds: TTL_SECONDS,
    content: encodeIpv4(address),
  };
  const answers = isAsked ? [record] : [];
  return encodeDnsMessage({ ...responseTo(query, RESPONSE_CODE.noError), isAuthoritative: true, answers });
}

export const answerFailure = (query: DnsMessage): Uint8Array =>
  encodeDnsMessage(responseTo(query, RESPONSE_CODE.serverFailure));

/** @returns the response that says only that the rest is to be had over TCP (RFC 2181 §9) */
export const answerTruncated = (query: DnsMessage): Uint8Array =>
  encodeDnsMessage({ ...responseTo(query, RESPONSE_CODE.noError), isTruncated: true });

const NOTHING: DnsMessage = {
  id: 0,
  isResponse: false,
  opcode: OPCODE_QUERY,
  isAuthoritative: false,
  isTruncated: false,
  wantsRecursion: false,
  offersRecursion: false,
  responseCode: 0,
  questions: [],
  answers: [],
  authorities: [],
  additional: [],
};

const refusal = (query: DnsMessage, responseCode: number): Arrived => ({
  kind: 'refused',
  answer: encodeDnsMessage(responseTo({ ...query, questions: query.questions.slice(0, 1) }, responseCode)),
});

const responseTo = (query: DnsMessage, responseCode: number): DnsMessage => ({
  ...NOTHING,
  id: query.id,
  opcode: query.opcode,
  isResponse: true,
  wantsRecursion: query.wantsRecursion,
  offersRecursion: true,
  responseCode,
  questions: query.questions,
  additional: ednsOf(query) === null ? [] : [optRecord(UDP_BYTES, responseCode)],
});
