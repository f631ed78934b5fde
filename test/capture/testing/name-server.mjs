// The name server of a test's network: knows `outside.test`, and of all other names that they do not exist.
import { createSocket } from 'node:dgram';
import process from 'node:process';
import { decodeDnsMessage } from '#codec/dns/decoder.ts';
import { encodeDnsMessage, encodeIpv4 } from '#codec/dns/encoder.ts';
import { RECORD_TYPE, RESPONSE_CODE } from '#codec/dns/message.ts';

const [address = '', known = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.on('message', (octets, from) => {
  const decoded = decodeDnsMessage(octets);
  if (decoded.kind !== 'message') return;
  const [question] = decoded.message.questions;
  if (question === undefined) return;
  const exists = question.name === 'outside.test';
  const record = { ...question, ttlSeconds: 60, content: encodeIpv4(known) };
  const answers = exists && question.type === RECORD_TYPE.A ? [record] : [];
  const responseCode = exists ? RESPONSE_CODE.noError : RESPONSE_CODE.noSuchName;
  const answer = encodeDnsMessage({ ...decoded.message, isResponse: true, responseCode, answers, additional: [] });
  socket.send(answer, from.port, from.address);
});
socket.bind(53, address, () => console.log('listening'));
