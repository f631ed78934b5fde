import { credentials, makeClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { Agent, request } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { ECHO, type EchoClient } from '../../protocols/testing/echo-service.ts';

/** One client, which asks for one thing at a time. */
export interface SteadyClient {
  /** Sends something that names `content`. @returns the answer @throws (rejects) where there is none */
  readonly ask: (content: string) => Promise<string>;
  readonly close: () => void;
}

/** Between an answer and the next request of the same client: many clients at ease find more than one in a hurry. */
const PAUSE_MS = 5;

/** Clients that ask one after another without end, and know exactly what became of each request. */
export class SteadyLoad {
  readonly #clients: readonly SteadyClient[];
  readonly #runs: readonly Promise<void>[];
  readonly #perName = new Map<string, number>();
  #isStopping = false;
  /** Requests are numbered in the order in which they are sent. */
  asked = 0;
  answered = 0;
  readonly failures: { readonly request: number; readonly reason: string }[] = [];

  constructor(clients: readonly SteadyClient[]) {
    this.#clients = clients;
    this.#runs = clients.map((client) => this.#run(client));
  }

  /** Each has at most one request under way. */
  get clientCount(): number {
    return this.#clients.length;
  }

  /** How many requests were answered by an application. */
  answeredBy(name: string): number {
    return this.#perName.get(name) ?? 0;
  }

  /** Waits until each client was answered so many times more, on average. */
  async goOn(rounds = 5): Promise<void> {
    const enough = this.answered + this.failures.length + rounds * this.#clients.length;
    while (this.answered + this.failures.length < enough) await setTimeout(PAUSE_MS);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#runs);
    for (const client of this.#clients) client.close();
  }

  async #run({ ask }: SteadyClient): Promise<void> {
    while (!this.#isStopping) {
      const request = (this.asked += 1);
      const content = `request-${request}`;
      try {
        this.#judge(content, await ask(content));
      } catch (error) {
        this.failures.push({ request, reason: error instanceof Error ? error.message : String(error) });
      }
      await setTimeout(PAUSE_MS);
    }
  }

  #judge(content: string, answer: string): void {
    const [name = '', ...rest] = answer.split(' ');
    if (!rest.join(' ').endsWith(content)) throw new Error(`the answer is somebody else's: ${answer}`);
    this.answered += 1;
    this.#perName.set(name, this.answeredBy(name) + 1);
  }
}

/** What a client sends, and how long that takes to be answered. */
export interface HttpKind {
  readonly method: 'GET' | 'POST';
  readonly waitMs: number;
}

/**
 * Makes a client of HTTP/1.1 that keeps its connection.
 *
 * @param port of an HTTP proxy, or of a gateway
 * @param base of the URLs that are asked for; a path alone for a gateway
 */
export function httpClient(port: number, base: string, host: string, { method, waitMs }: HttpKind): SteadyClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (content: string): Promise<string> =>
    new Promise((resolve, reject) => {
      // What has no content is told from others by its path.
      const path = `${base}?wait=${waitMs}&is=${content}`;
      const asked = request({ host: '127.0.0.1', port, agent, method, path, headers: { host } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject).on('end', () => {
          if (response.statusCode === 200) resolve(method === 'POST' ? text : `${text}${content}`);
          else reject(new Error(`${method} answered ${response.statusCode} ${text}`));
        });
      });
      asked.on('error', reject).end(method === 'POST' ? content : undefined);
    });
  return { ask, close: () => agent.destroy() };
}

const EchoConstructor = makeClientConstructor(ECHO, 'test.Echo');

/**
 * Makes a client of grpc-js.
 *
 * @param by whether the port is that of an HTTP proxy, where a tunnel leads to `authority`, or of a gateway
 */
export function grpcClient(port: number, by: 'tunnel' | 'gateway', authority: string, waitMs: number): SteadyClient {
  const client = new EchoConstructor(`127.0.0.1:${port}`, credentials.createInsecure(), {
    ...(by === 'tunnel' && { 'grpc.http_connect_target': `dns:${authority}:80` }),
    'grpc.default_authority': authority,
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  }) as unknown as EchoClient;
  const ask = (content: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const answered = (error: ServiceError | null, value?: Buffer): void =>
        error === null ? resolve(String(value)) : reject(new Error(`gRPC answered ${error.message}`));
      (client as unknown as { unary(request: Buffer, callback: typeof answered): void }).unary(
        Buffer.from(`${waitMs} ${content}`),
        answered,
      );
    });
  return { ask, close: () => client.close() };
}
