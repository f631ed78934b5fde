// The name server of a test's network: knows `outside.test`, and of all other names that they do not exist.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import process from 'node:process';
import { decodeDnsMessage } from '#codec/dns/decoder.ts';
import { encodeDnsMessage, encodeIpv4 } from '#codec/dns/encoder.ts';
import { RECORD_TYPE, RESPONSE_CODE } from '#codec/dns/message.ts';

const [address, known] = process.argv.slice(2);

function answer(octets) {
  const { message } = decodeDnsMessage(octets);
  const [question] = message.questions;
  const exists = question.name === 'outside.test';
  const record = { ...question, ttlSeconds: 60, content: encodeIpv4(known) };
  return encodeDnsMessage({
    ...message,
    isResponse: true,
    responseCode: exists ? RESPONSE_CODE.noError : RESPONSE_CODE.noSuchName,
    answers: exists && question.type === RECORD_TYPE.A ? [record] : [],
    additional: [],
  });
}

const udp = createSocket('udp4');
udp.on('message', (octets, { port, address }) => udp.send(answer(octets), port, address));
const tcp = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (piece) => {
    const octets = answer(piece.subarray(2));
    socket.end(Buffer.concat([Buffer.of(0, octets.length), octets]));
  });
});
udp.bind(53, address, () => tcp.listen(53, address, () => console.log('listening')));
