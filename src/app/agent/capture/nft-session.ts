import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';

/** Says something, whatever there is in the kernel: so the end of a command is known, which otherwise says nothing. */
const MARK = 'describe tcp dport';
const MARKED = /^payload expression, datatype inet_service.*\n/m;
const PATIENCE_MS = 10_000;

/**
 * One conversation with the kernel's packet filter, by `nft -i`. The tables that it makes belong to it (`flags owner`):
 * nobody else changes them, and the kernel removes them when it ends, however this process ends, since it reads this
 * process's end of a pipe.
 */
export class NftSession {
  readonly #child: ChildProcess;
  /** Commands whose end has not been heard of, in their order. */
  readonly #waiting: ((said: string) => void)[] = [];
  #said = '';
  #isClosed = false;
  readonly #ended: Promise<string>;
  /** Resolves with how it ended, where nobody closed it. */
  readonly lost: Promise<string>;

  private constructor() {
    // One pipe for both, so that what is wrong with a command comes before its end. Signals of the terminal are not its.
    this.#child = spawn('sh', ['-c', 'exec nft -i 2>&1'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
      // Debian keeps it where the path of who became root by `su` does not look. What it says is read here, in English.
      env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' },
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    // It has ended: that is told below.
    this.#child.stdin!.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (code, signal) => resolve(`nft ended with ${signal ?? code}`));
    });
    this.lost = new Promise((resolve) => {
      void this.#ended.then((how) => {
        for (const settle of this.#waiting.splice(0)) settle(this.#said.trim() || how);
        if (!this.#isClosed) resolve(how);
      });
    });
  }

  /**
   * @param ruleset of one table, made whole or not at all
   * @throws (rejects) where it cannot be made, with what nft says
   */
  static async open(ruleset: string): Promise<NftSession> {
    const session = new NftSession();
    try {
      await session.run(ruleset);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /**
   * Runs one line: what is in it takes effect together.
   *
   * @throws (rejects) where the kernel refuses it, with what nft says; nothing of it has then happened
   */
  async run(line: string): Promise<void> {
    const said = await new Promise<string>((resolve) => {
      // It answers at once, unless something is very wrong; nobody is then to wait for ever.
      const giveUp = setTimeout(resolve, PATIENCE_MS, 'nft does not answer');
      this.#waiting.push((what) => {
        clearTimeout(giveUp);
        resolve(what);
      });
      this.#child.stdin!.write(`${line}\n${MARK}\n`);
    });
    if (said !== '') throw new Error(/Error: (.*)/.exec(said)?.[1] ?? said);
  }

  /** Removes what it has made. @returns when that has gone */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#child.stdin!.end();
    await this.#ended;
  }

  #hear(text: string): void {
    this.#said += text;
    for (let found = MARKED.exec(this.#said); found !== null; found = MARKED.exec(this.#said)) {
      const said = this.#said.slice(0, found.index).trim();
      this.#said = this.#said.slice(found.index + found[0].length);
      this.#waiting.shift()?.(said);
    }
  }
}
