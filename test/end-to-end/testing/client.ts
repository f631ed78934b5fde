import { Agent, request } from 'node:http';
import { setImmediate } from 'node:timers/promises';

/** What a client got. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Asks once. @throws (rejects) where no whole response comes */
export function get(
  url: string,
  options: { readonly agent?: Agent; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on('error', reject);
    });
    asked.on('error', reject).end();
  });
}

/** Asks again and again until the answer is as wished; failures to connect count as answers that are not. */
export async function getUntil(
  url: string,
  isWished: (answer: Answer) => boolean,
  patienceMs = 20_000,
): Promise<Answer> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await get(url).catch((error: Error) => error);
    if (!(answer instanceof Error) && isWished(answer)) return answer;
    if (performance.now() > deadline)
      throw new Error(
        `${url} never answered as wished: ${answer instanceof Error ? answer.message : JSON.stringify(answer)}`,
      );
    await setImmediate();
  }
}

/** Clients that ask without pause over connections that they keep, until they are stopped. */
export class Load {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #clients: Promise<void>[];
  #isStopping = false;
  answered = 0;
  /** Everything that was no 200. */
  readonly failures: string[] = [];
  /** Of the last response. */
  lastHeaders: Answer['headers'] = {};

  constructor(url: string, clientCount: number) {
    this.#url = url;
    this.#clients = Array.from({ length: clientCount }, () => this.#ask());
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }

  async #ask(): Promise<void> {
    while (!this.#isStopping) {
      try {
        const answer = await get(this.#url, { agent: this.#agent });
        this.lastHeaders = answer.headers;
        if (answer.status === 200) this.answered += 1;
        else this.failures.push(`${answer.status} ${answer.body}`);
      } catch (error) {
        this.failures.push(String(error));
      }
    }
  }
}
