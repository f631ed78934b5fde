import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { decodeDnsMessage } from '#codec/dns/decoder.ts';
import { encodeDnsMessage, encodeIpv4, optRecord } from '#codec/dns/encoder.ts';
import { CLASS_INTERNET, type DnsMessage, OPCODE_QUERY, RECORD_TYPE, RESPONSE_CODE } from '#codec/dns/message.ts';
import { DnsStream, frameDnsMessage } from './dns-stream.ts';
import { Forwarder } from './forwarder.ts';
import { type Found, Resolver } from './resolver.ts';

const LOOPBACK = '127.0.0.1';

const queryFor = (name: string, more: Partial<DnsMessage> = {}): DnsMessage => ({
  id: 7,
  isResponse: false,
  opcode: OPCODE_QUERY,
  isAuthoritative: false,
  isTruncated: false,
  wantsRecursion: true,
  offersRecursion: false,
  responseCode: RESPONSE_CODE.noError,
  questions: [{ name, type: RECORD_TYPE.A, class: CLASS_INTERNET }],
  answers: [],
  authorities: [],
  additional: [],
  ...more,
});

const decode = (octets: Uint8Array): DnsMessage => {
  const decoded = decodeDnsMessage(octets);
  assert.ok(decoded.kind === 'message');
  return decoded.message;
};

const answersOf = ({ answers }: DnsMessage): readonly string[] => answers.map(({ content }) => content.join('.'));

/** A name server that a test scripts: it gives each query back as what `answer` makes of it, or nothing. */
const startNameServer = async (
  t: TestContext,
  answer: (query: DnsMessage) => Uint8Array | undefined,
): Promise<{ readonly address: string; readonly port: number; readonly queries: DnsMessage[] }> => {
  const queries: DnsMessage[] = [];
  const reply = (octets: Uint8Array): Uint8Array | undefined => {
    queries.push(decode(octets));
    return answer(queries.at(-1)!);
  };
  const tcp = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (piece: Buffer) => socket.end(frameDnsMessage(reply(piece.subarray(2)) ?? new Uint8Array(0))));
  });
  await new Promise<void>((resolve) => tcp.listen(0, LOOPBACK, resolve));
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.on('message', (octets, from) => {
    const octetsBack = reply(octets);
    if (octetsBack !== undefined) udp.send(octetsBack, from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(port, LOOPBACK, resolve));
  t.after(() => {
    udp.close();
    tcp.close();
  });
  return { address: LOOPBACK, port, queries };
};

/** Says that any name is at this address. */
const sayAddress =
  (address: string) =>
  (query: DnsMessage): Uint8Array =>
    encodeDnsMessage({
      ...query,
      isResponse: true,
      answers: [{ ...query.questions[0]!, ttlSeconds: 60, content: encodeIpv4(address) }],
    });

const startResolver = async (
  t: TestContext,
  addressOf: (name: string) => Promise<Found>,
  nameservers: readonly { readonly address: string; readonly port: number }[] = [],
): Promise<number> => {
  const resolver = new Resolver({ names: { addressOf }, forwarder: new Forwarder(() => nameservers) });
  t.after(() => resolver.close());
  return resolver.open(LOOPBACK, 0);
};

const nothingOfMesh = (): Promise<Found> => Promise.resolve('none');

const openClient = (t: TestContext): Socket => {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  return socket;
};

const ask = async (t: TestContext, port: number, octets: Uint8Array): Promise<Uint8Array> => {
  const socket = openClient(t);
  socket.send(octets, port, LOOPBACK);
  const [answer] = (await once(socket, 'message')) as [Buffer];
  return answer;
};

const askTcp = async (port: number, octets: Uint8Array): Promise<Uint8Array> => {
  const socket = connect(port, LOOPBACK);
  const stream = new DnsStream();
  // Cut in the middle of the length.
  const framed = frameDnsMessage(octets);
  socket.write(framed.subarray(0, 1));
  socket.write(framed.subarray(1));
  for await (const piece of socket) {
    const [message] = stream.take(piece as Buffer);
    if (message !== undefined) return message;
  }
  throw new Error('the connection ended');
};

test('Resolver answers for names of the mesh, in any spelling, over UDP and TCP', async (t) => {
  const asked: string[] = [];
  const port = await startResolver(t, async (name) => {
    asked.push(name);
    return { address: '127.64.0.9' };
  });
  const query = encodeDnsMessage(queryFor('CaTalog.Shop'));
  for (const octets of [await ask(t, port, query), await askTcp(port, query)]) {
    const message = decode(octets);
    assert.deepEqual(answersOf(message), ['127.64.0.9']);
    assert.deepEqual([message.id, message.isAuthoritative, message.answers[0]!.ttlSeconds], [7, true, 5]);
    // Some resolvers check their answers by the spelling (draft-vixie-dnsext-dns0x20).
    assert.equal(message.questions[0]!.name, 'CaTalog.Shop');
  }
  assert.deepEqual(asked, ['catalog.shop', 'catalog.shop']);
});

test('Resolver says of other records of a name of the mesh that there are none (RFC 2308 §2.2)', async (t) => {
  const port = await startResolver(t, async () => ({ address: '127.64.0.9' }));
  const questions = [{ name: 'catalog', type: RECORD_TYPE.AAAA, class: CLASS_INTERNET }];
  const message = decode(await ask(t, port, encodeDnsMessage(queryFor('catalog', { questions }))));
  assert.deepEqual([message.responseCode, message.answers], [RESPONSE_CODE.noError, []]);
});

test('Resolver passes on what nameservers say of other names, under ids of its own', async (t) => {
  const silent = await startNameServer(t, (query) =>
    // Somebody who guesses: another id, and another question.
    encodeDnsMessage({ ...decode(sayAddress('6.6.6.6')(query)), id: query.id ^ 1 }),
  );
  const honest = await startNameServer(t, sayAddress('9.9.9.9'));
  const port = await startResolver(t, nothingOfMesh, [silent, honest]);
  const query = encodeDnsMessage(queryFor('outside.test'));
  const message = decode(await ask(t, port, query));
  assert.deepEqual([message.id, answersOf(message)], [7, ['9.9.9.9']]);
  assert.deepEqual(answersOf(decode(await askTcp(port, query))), ['9.9.9.9']);
  assert.deepEqual(
    honest.queries.map(({ questions }) => questions[0]!.name),
    ['outside.test', 'outside.test'],
  );
});

test('Resolver says that it failed where no nameserver answers, and where the mesh cannot tell', async (t) => {
  const port = await startResolver(t, async (name) => (name === 'unclear' ? 'failed' : 'none'));
  for (const name of ['outside.test', 'unclear'])
    assert.equal(
      decode(await ask(t, port, encodeDnsMessage(queryFor(name)))).responseCode,
      RESPONSE_CODE.serverFailure,
    );
});

test('Resolver has answers that do not fit into a datagram fetched over TCP (RFC 2181 §9)', async (t) => {
  const large = await startNameServer(t, (query) => {
    const record = { ...query.questions[0]!, type: 16, ttlSeconds: 60, content: new Uint8Array(900) };
    return encodeDnsMessage({ ...query, isResponse: true, answers: [record] });
  });
  const port = await startResolver(t, nothingOfMesh, [large]);
  const plain = encodeDnsMessage(queryFor('outside.test'));
  const short = decode(await ask(t, port, plain));
  assert.deepEqual([short.isTruncated, short.answers.length], [true, 0]);
  assert.equal(decode(await askTcp(port, plain)).answers.length, 1);
  const roomy = encodeDnsMessage(queryFor('outside.test', { additional: [optRecord(1232)] }));
  assert.equal(decode(await ask(t, port, roomy)).answers.length, 1);
});

test('Resolver refuses what it does not understand, and answers no answers', async (t) => {
  const port = await startResolver(t, nothingOfMesh);
  const { questions } = queryFor('a');
  const codes = [
    [queryFor('a', { opcode: 5 }), RESPONSE_CODE.notImplemented],
    [queryFor('a', { questions: [] }), RESPONSE_CODE.formatError],
    [queryFor('a', { questions: [...questions, ...questions] }), RESPONSE_CODE.formatError],
    [queryFor('a', { additional: [{ ...optRecord(1232), ttlSeconds: 0x1_0000 }] }), RESPONSE_CODE.badVersion & 0xf],
  ] as const;
  for (const [query, code] of codes)
    assert.equal(decode(await ask(t, port, encodeDnsMessage(query))).responseCode, code);
  const socket = openClient(t);
  socket.send(encodeDnsMessage(queryFor('a', { isResponse: true })), port, LOOPBACK);
  socket.send(Uint8Array.of(1, 2, 3), port, LOOPBACK);
  // The header alone, which says that there is a question.
  socket.send(encodeDnsMessage(queryFor('a')).slice(0, 12), port, LOOPBACK);
  const [answer] = (await once(socket, 'message')) as [Buffer];
  assert.equal(decode(answer).responseCode, RESPONSE_CODE.formatError);
});

test('Resolver takes as many questions at once as it has room for, and then others again', async (t) => {
  const { promise, resolve } = Promise.withResolvers<Found>();
  let waiting = 0;
  const port = await startResolver(t, (name) => {
    if (name === 'later') return Promise.resolve({ address: '127.64.0.9' });
    waiting++;
    return promise;
  });
  const connection = connect(port, LOOPBACK);
  t.after(() => connection.destroy());
  connection.on('error', () => {});
  const query = frameDnsMessage(encodeDnsMessage(queryFor('a')));
  for (let i = 0; i < 1100; i++) connection.write(query);
  // It is refused at once, when all before it have arrived.
  connection.write(frameDnsMessage(encodeDnsMessage(queryFor('a', { opcode: 5 }))));
  const answered = new DnsStream();
  const answers: Uint8Array[] = [];
  connection.on('data', (piece: Buffer) => answers.push(...answered.take(piece)));
  await once(connection, 'data');
  assert.deepEqual([waiting, answers.length], [1024, 1]);
  resolve('failed');
  while (answers.length < 1025) await once(connection, 'data');
  assert.deepEqual(answersOf(decode(await ask(t, port, encodeDnsMessage(queryFor('later'))))), ['127.64.0.9']);
});
