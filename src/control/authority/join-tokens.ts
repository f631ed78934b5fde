import { timingSafeEqual } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { createJoinToken, type JoinTokenParts, parseJoinToken } from './join-token.ts';
import type { StateFolder } from './state-folder.ts';

/** The one identity that a token is for. */
export interface Account {
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface JoinTokenTerms extends Account {
  /** How long the token can be used. @defaultValue 24 h */
  readonly lifetimeMs?: number;
  /** By how many workloads. @defaultValue any number: a group of machines starts from one image */
  readonly maxUses?: number;
}

/** What is known of a token; nothing of it helps to use the token. */
export interface JoinTokenRecord extends Account {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** Null for any number. */
  readonly maxUses: number | null;
  readonly uses: number;
  /** Null unless it was revoked. */
  readonly revokedAtMs: number | null;
}

/** Why a token is refused; for the operator, as it would tell others which tokens exist. */
export type TokenRefusal = 'garbled' | 'unknown' | 'wrong-secret' | 'other-account' | 'revoked' | 'expired' | 'used-up';

const FILE = 'join-tokens.sqlite';
const DEFAULT_LIFETIME_MS = 86_400_000;
/** How long dead tokens stay listed, so that logs of refusals can be understood. */
const KEPT_DEAD_MS = 30 * 86_400_000;
/** Another process, such as the command line, writes for milliseconds; on a busy disk several may stand in line. */
const LOCK_TIMEOUT_MS = 5000;
/** Somebody else has the lock (https://sqlite.org/rescode.html#busy). */
const SQLITE_BUSY = 5;
const FORMAT_VERSION = 1;

const SCHEMA = `
  create table join_tokens (
    id text primary key, hash blob not null, namespace text not null, serviceAccount text not null,
    createdAtMs integer not null, expiresAtMs integer not null, maxUses integer, uses integer not null default 0,
    revokedAtMs integer
  ) strict, without rowid;
  create table join_token_uses (
    id text not null references join_tokens on delete cascade, publicKeySha256 text not null,
    primary key (id, publicKeySha256)
  ) strict, without rowid;
  pragma user_version = ${FORMAT_VERSION};`;

const COLUMNS = 'id, namespace, serviceAccount, createdAtMs, expiresAtMs, maxUses, uses, revokedAtMs';

/** Compared with where there is no such token, so that the time to refuse does not tell. */
const NO_HASH = new Uint8Array(32);

/** The tokens with which workloads join, in a SQLite file that several processes may open. */
export class JoinTokens {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws where the file is damaged, of a newer program, or open to other users */
  static open(folder: StateFolder): JoinTokens {
    folder.ensure(FILE);
    const path = folder.pathOf(FILE);
    try {
      return new JoinTokens(openDatabase(path));
    } catch (error) {
      throw new Error(`cannot read the join tokens from ${path}: ${describeFailure(error)}`, { cause: error });
    }
  }

  /**
   * Makes a token.
   *
   * @returns the token, which cannot be shown again
   */
  create(terms: JoinTokenTerms, nowMs: number): { readonly token: string; readonly record: JoinTokenRecord } {
    const { namespace, serviceAccount, lifetimeMs = DEFAULT_LIFETIME_MS, maxUses = null } = terms;
    if (!(lifetimeMs > 0)) throw new RangeError('cannot create a join token: its lifetime must be above 0');
    if (maxUses !== null && !(Number.isSafeInteger(maxUses) && maxUses > 0))
      throw new RangeError('cannot create a join token: the number of uses must be a whole number above 0');
    const { token, id, hash } = createJoinToken();
    const expiresAtMs = Math.ceil(nowMs + lifetimeMs);
    const insert =
      'insert into join_tokens (id, hash, namespace, serviceAccount, createdAtMs, expiresAtMs, maxUses) values (?, ?, ?, ?, ?, ?, ?)';
    return this.#transact(() => {
      this.#database.prepare(insert).run(id, hash, namespace, serviceAccount, nowMs, expiresAtMs, maxUses);
      this.#forgetDead(nowMs);
      return { token, record: this.#find(id)! };
    });
  }

  /** @returns all tokens, those that expire first in front */
  list(): readonly JoinTokenRecord[] {
    return this.#database.prepare(`select ${COLUMNS} from join_tokens order by expiresAtMs, id`).all() as never;
  }

  /**
   * Ends a token at once. Workloads that joined with it keep their identity.
   *
   * @returns false where there is no such token
   */
  revoke(id: string, nowMs: number): boolean {
    const update = 'update join_tokens set revokedAtMs = coalesce(revokedAtMs, ?) where id = ?';
    return this.#database.prepare(update).run(nowMs, id).changes === 1;
  }

  /**
   * Uses a token. The same key may use it again: the answer to its first request can have been lost.
   *
   * @param account that the workload wants to be
   * @param publicKeySha256 of the key to be certified; counts as one use however often
   */
  redeem(token: string, account: Account, publicKeySha256: string, nowMs: number): JoinTokenRecord | TokenRefusal {
    const parts = parseJoinToken(token);
    if (parts === undefined) return 'garbled';
    // Of two workloads only one gets the last use.
    return this.#transact(() => {
      const outcome = this.#judge(parts, account, publicKeySha256, nowMs);
      if (typeof outcome !== 'string') this.#count(outcome, publicKeySha256);
      return outcome;
    });
  }

  close(): void {
    this.#database.close();
  }

  /** Has the writer's lock from the beginning, so that nothing changes in between. */
  #transact<T>(change: () => T): T {
    this.#database.exec('begin immediate');
    try {
      const outcome = change();
      this.#database.exec('commit');
      return outcome;
    } catch (error) {
      // A full disk ends the transaction by itself.
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }

  #judge(parts: JoinTokenParts, account: Account, key: string, nowMs: number): JoinTokenRecord | TokenRefusal {
    const stored = this.#database.prepare('select hash from join_tokens where id = ?').get(parts.id)?.['hash'];
    const isSecretRight = timingSafeEqual(parts.hash, stored instanceof Uint8Array ? stored : NO_HASH);
    const record = this.#find(parts.id);
    if (record === undefined) return 'unknown';
    if (!isSecretRight) return 'wrong-secret';
    if (record.namespace !== account.namespace || record.serviceAccount !== account.serviceAccount)
      return 'other-account';
    if (record.revokedAtMs !== null) return 'revoked';
    if (nowMs >= record.expiresAtMs) return 'expired';
    const isUsedUp = record.maxUses !== null && record.uses >= record.maxUses;
    return isUsedUp && !this.#hasUsed(parts.id, key) ? 'used-up' : record;
  }

  /** Keys are kept only where they are counted: the others would grow with every start of a machine. */
  #count({ id, maxUses }: JoinTokenRecord, key: string): void {
    if (maxUses !== null) {
      const insert = 'insert or ignore into join_token_uses (id, publicKeySha256) values (?, ?)';
      if (this.#database.prepare(insert).run(id, key).changes === 0) return;
    }
    this.#database.prepare('update join_tokens set uses = uses + 1 where id = ?').run(id);
  }

  #hasUsed(id: string, key: string): boolean {
    const select = 'select 1 from join_token_uses where id = ? and publicKeySha256 = ?';
    return this.#database.prepare(select).get(id, key) !== undefined;
  }

  #find(id: string): JoinTokenRecord | undefined {
    return this.#database.prepare(`select ${COLUMNS} from join_tokens where id = ?`).get(id) as never;
  }

  #forgetDead(nowMs: number): void {
    this.#database.prepare('delete from join_tokens where expiresAtMs < ?').run(nowMs - KEPT_DEAD_MS);
  }
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: LOCK_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    if (versionOf(database) === 0) makeTables(database);
    const version = versionOf(database);
    if (version !== FORMAT_VERSION) throw new Error(`it has format version ${version}, not ${FORMAT_VERSION}`);
    const found = database.prepare('pragma quick_check(1)').get()?.['quick_check'];
    if (found !== 'ok') throw new Error('its pages are damaged');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('pragma user_version').get()?.['user_version']);
}

/** With the writer's lock: of two processes that start at once, one makes them. */
function makeTables(database: DatabaseSync): void {
  database.exec('begin immediate');
  if (versionOf(database) === 0) database.exec(SCHEMA);
  database.exec('commit');
}

function describeFailure(error: unknown): string {
  const { errcode, message } = error as { readonly errcode?: number; readonly message: string };
  return errcode === SQLITE_BUSY
    ? `another process has kept them locked for ${LOCK_TIMEOUT_MS / 1000} s (try again when it has ended)`
    : `${message} (restore the file from a backup, or delete it to start without tokens)`;
}
