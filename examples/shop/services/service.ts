// What all services of the shop share: a plain JSON-over-HTTP program. None of them knows that a sidecar stands beside it:
// they call each other by name, and Node finds the sidecar by the proxy address in the environment.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import process from 'node:process';

/** What a service answers; an object becomes JSON, a string HTML. */
export interface Reply {
  readonly status: number;
  readonly body: object | string;
}

/** @param id what stood for `:id` in the path of the route, or '' */
type Route = (request: { readonly id: string; readonly url: URL; readonly body: unknown }) => Reply | Promise<Reply>;

/** More than any request of the shop needs. */
const MAX_BODY_BYTES = 64 * 1024;

/** An error that is the caller's, with the status that tells it. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Runs a service on the port in the environment until it is told to stop.
 *
 * @param routes by method and path, as in `GET /products/:id`
 */
export function runService(name: string, routes: Readonly<Record<string, Route>>): void {
  const server = createServer((request, response) => {
    void answer(request, routes).then((reply) => send(response, name, reply));
  });
  server.listen(Number(process.env['PORT']), '127.0.0.1', () =>
    console.log(`${name} listens on port ${process.env['PORT']}`),
  );
  const stop = (): void => {
    server.close(() => process.exit());
    server.closeIdleConnections();
  };
  process.on('SIGTERM', stop);
}

/** Calls another service. @throws Refusal where that does not work */
export async function call(url: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init).catch((error: Error) => {
    throw new Refusal(
      502,
      `cannot reach ${url}: ${error.cause instanceof Error ? error.cause.message : error.message}`,
    );
  });
  const body = (await response.json()) as { readonly error?: string };
  if (!response.ok) throw new Refusal(response.status, body.error ?? `${url} answered ${response.status}`);
  return body;
}

function send(response: ServerResponse, name: string, { status, body }: Reply): void {
  const isPage = typeof body === 'string';
  const text = isPage ? body : `${JSON.stringify(body, undefined, 2)}\n`;
  response.writeHead(status, {
    'content-type': isPage ? 'text/html; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-served-by': name,
  });
  response.end(text); // Node leaves the content out where the method is HEAD
}

async function answer(request: IncomingMessage, routes: Readonly<Record<string, Route>>): Promise<Reply> {
  try {
    const url = new URL(request.url ?? '/', 'http://service');
    const [first = '', id = '', ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponent);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = rest.length > 0 ? undefined : routes[`${method} /${first}${id === '' ? '' : '/:id'}`];
    if (route === undefined) throw new Refusal(404, `there is no ${request.method} ${url.pathname}`);
    return await route({ id, url, body: await readJson(request) });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { status: error instanceof Refusal ? error.status : 500, body: { error: error.message } };
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) throw new Refusal(413, 'the request is too large');
  }
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'the request is not JSON');
  }
}
