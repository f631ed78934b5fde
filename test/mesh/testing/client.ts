import { connect as connectSocket, type Socket } from 'node:net';
import { request, type IncomingHttpHeaders } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Asks for a URL through an HTTP proxy, as an application does that knows one from its environment. */
export const ask = (proxyPort: number, url: string, asked: Asked = {}): Promise<Reply> =>
  askAt(proxyPort, url, { ...asked, headers: { host: new URL(url).host, ...asked.headers } });

/** Asks a server on this machine for a target. */
export const askAt = (
  port: number,
  target: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: target, method, headers };
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });

/** @returns the stable code in a problem document */
export const codeOf = ({ body }: Reply): string => (JSON.parse(body) as { readonly code: string }).code;

/** Opens a tunnel through an HTTP proxy. @returns the socket behind the answer, or the status that refused it */
export const openTunnel = (proxyPort: number, authority: string): Promise<Socket | number> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: proxyPort, method: 'CONNECT', path: authority });
    sent.on('connect', (response, socket, first: Buffer) => {
      if (response.statusCode !== 200) return resolve(response.statusCode ?? 0);
      if (first.length > 0) socket.unshift(first);
      resolve(socket);
    });
    sent.on('error', reject);
    sent.end();
  });

/** Connects to a port of this machine. */
export const dialPort = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectSocket({ host: '127.0.0.1', port, allowHalfOpen: true }, () => resolve(socket));
    socket.once('error', reject);
  });
