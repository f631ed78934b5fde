// Asks a name server for a name, over UDP and over TCP, as `dig` would: writes what both say.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import process from 'node:process';
import { decodeDnsMessage } from '#codec/dns/decoder.ts';
import { encodeDnsMessage, optRecord } from '#codec/dns/encoder.ts';

const [address, port, name, type = '1'] = process.argv.slice(2);
const query = encodeDnsMessage({
  id: 7,
  isResponse: false,
  opcode: 0,
  isAuthoritative: false,
  isTruncated: false,
  wantsRecursion: true,
  offersRecursion: false,
  responseCode: 0,
  questions: [{ name, type: Number(type), class: 1 }],
  answers: [],
  authorities: [],
  additional: [optRecord(1232)],
});

function show(octets) {
  const { message, reason } = decodeDnsMessage(octets);
  if (message === undefined) return reason;
  return [message.id, message.responseCode, ...message.answers.map(({ content }) => content.join('.'))].join(' ');
}

const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.on('message', (octets) => {
  console.log(show(octets));
  socket.close();
  const connection = connect(Number(port), address, () => {
    connection.write(Buffer.concat([Buffer.of(0, query.length), query]));
  });
  connection.once('data', (piece) => {
    console.log(show(piece.subarray(2)));
    connection.destroy();
  });
});
socket.send(query, Number(port), address);
