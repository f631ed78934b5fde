import type { X509Certificate } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { IDENTITY_PATH } from '#control/publish/identity-exchange.ts';
import type { ControlAddress } from '../member/control-dial.ts';

const TIMEOUT_MS = 5000;

/** What somebody without an identity gets to see of a control plane. */
export interface ReachedControl {
  /** Its certificate, and what it shows above it. */
  readonly certificate: X509Certificate;
  /** By its clock, milliseconds since 1970, to the second; undefined where it does not say. */
  readonly timeMs: number | undefined;
  /** What time it was here then, as near as can be told. */
  readonly hereMs: number;
}

/**
 * Looks at a control plane without saying who asks.
 *
 * @returns the reason where it is not reached, and what to do
 */
export async function reachControl(
  address: ControlAddress,
): Promise<ReachedControl | { readonly reason: string; readonly advice: string }> {
  let socket: TLSSocket | undefined;
  try {
    socket = await shakeHands(address);
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined || socket.alpnProtocol !== 'h2')
      return {
        reason: 'what listens there is no control plane',
        advice: 'is --control right? its port is 15010 unless told otherwise',
      };
    const askedMs = Date.now();
    const timeMs = await askTime(socket).catch(() => undefined);
    return { certificate, timeMs, hereMs: (askedMs + Date.now()) / 2 };
  } catch (error) {
    return explain(error as NodeJS.ErrnoException, address);
  } finally {
    socket?.on('error', () => {}).destroy();
  }
}

function shakeHands({ host, port }: ControlAddress): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // Whether it is to be believed is judged elsewhere, by the join token or the saved identity.
    const options = { host, port, ALPNProtocols: ['h2'], minVersion: 'TLSv1.3', rejectUnauthorized: false } as const;
    const socket = connectTls(isIP(host) === 0 ? { ...options, servername: host } : options);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
    }, TIMEOUT_MS);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

/** Any answer has a date, also the refusal of a call that says nothing. */
function askTime(socket: TLSSocket): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2('https://control', { createConnection: () => socket });
    const timer = setTimeout(() => reject(new Error('no answer in time')), TIMEOUT_MS);
    const settle = (then: () => void): void => {
      clearTimeout(timer);
      session.destroy();
      then();
    };
    session.on('error', (error) => settle(() => reject(error)));
    const fields = { ':method': 'POST', ':path': IDENTITY_PATH, 'content-type': 'application/grpc', te: 'trailers' };
    const call = session.request(fields);
    call.on('error', (error) => settle(() => reject(error)));
    call.on('response', ({ date }) => {
      const timeMs = Date.parse(String(date));
      settle(() => resolve(Number.isNaN(timeMs) ? undefined : timeMs));
    });
  });
}

function explain({ code, message }: NodeJS.ErrnoException, { host, port }: ControlAddress) {
  switch (code) {
    case 'ECONNREFUSED':
      return { reason: `nothing listens at ${host}:${port}`, advice: 'start selvage control there, or mend --control' };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { reason: `the name ${host} leads to no address (${code})`, advice: 'mend --control, or the resolver' };
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { reason: `no way to ${host}:${port} (${code})`, advice: 'does a firewall or a route stand in between?' };
    default:
      return {
        reason: `no TLS with ${host}:${port}: ${code ?? message}`,
        advice: 'is that the port for sidecars (15010)?',
      };
  }
}
