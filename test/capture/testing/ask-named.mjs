// A program whose resolver is at a port of this machine: looks the host of an URL up there, and asks for the URL.
import { Resolver } from 'node:dns/promises';
import { Agent, request } from 'node:http';
import process from 'node:process';

const [port, text] = process.argv.slice(2);
const url = new URL(text);
const resolver = new Resolver();
resolver.setServers([`127.0.0.1:${port}`]);
const [address] = await resolver.resolve4(url.hostname);
// One that knows no proxy.
const agent = new Agent();
const headers = { host: url.host };
const asked = request({ agent, host: address, port: url.port, path: url.pathname, headers }, (response) => {
  let body = '';
  response.setEncoding('utf8').on('data', (piece) => (body += piece));
  response.on('end', () => console.log(address, body));
});
asked.end();
