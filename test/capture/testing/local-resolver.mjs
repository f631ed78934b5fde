// A resolver of a machine's own, as systemd-resolved or dnsmasq are: answers on loopback, and asks another.
import process from 'node:process';
import { Forwarder } from '#app/agent/dns/forwarder.ts';
import { Resolver } from '#app/agent/dns/resolver.ts';

const [address, nameserver] = process.argv.slice(2);
const names = { addressOf: async () => 'none' };
await new Resolver({ names, forwarder: new Forwarder(() => [{ address: nameserver }]) }).open(address, 53);
console.log('listening');
