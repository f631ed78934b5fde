import { close, constants, fstatSync, open, openSync, write, writeSync, type Stats } from 'node:fs';

/** A write is made when this much is gathered … */
const BATCH_BYTES = 64 * 1024;

/** … or this long after the first line of a batch. */
const FLUSH_INTERVAL_MS = 100;

/** What waits for a slow sink at most; further lines are dropped. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;

/** How soon a pipe whose reader is slow is tried again. */
const BUSY_RETRY_MS = 10;

/** How often an exit waits that long. */
const EXIT_WAITS = 20;

/** How soon a file that could not be opened is tried again. */
const OPEN_RETRY_MS = 1000;

/** How long `close` waits for a reader that does not read. */
const CLOSE_TIMEOUT_MS = 2000;

/** PIPE_BUF of Linux (POSIX write): up to this size, writes of several threads into one pipe do not mix. */
const PIPE_ATOMIC_BYTES = 4096;

/** What Linux certainly takes as one piece into a stream socket, such as the journal's. */
const SOCKET_ATOMIC_BYTES = 16 * 1024;

/** Opened anew, so that a pipe or terminal can be made non-blocking without doing that to others who write there. */
const STDOUT_PATH = '/proc/self/fd/1';

const STDOUT_FD = 1;

const LINE_FEED = 0x0a;

/** Non-blocking: a pipe that is full, or that nobody reads, is an error and not a wait. Files do not care. */
const OPEN_FLAGS = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NONBLOCK;

/** Not for everyone: lines hold addresses of people. */
const FILE_MODE = 0o640;

/** Where lines go. */
export type LineTarget = { readonly type: 'file'; readonly path: string } | { readonly type: 'stdout' };

/** Options of a {@link LineWriter}. */
export interface LineWriterOptions {
  /** Told once when writing begins to fail, and not again before it worked in between. */
  readonly warn: (message: string) => void;
  /** @defaultValue 4 MiB */
  readonly maxQueuedBytes?: number;
}

/** What is being written. */
interface Batch {
  readonly bytes: Uint8Array;
  offset: number;
  /** Told when it is written or dropped. */
  readonly waiters: (() => void)[];
}

/**
 * Appends lines to a file or to standard output without ever blocking or throwing. Several threads and processes may
 * append to the same one: a batch is whole lines and leaves in one write, to a file opened with O_APPEND or at the
 * offset that all who write there share.
 *
 * ```
 *  append ─► text ──64 KiB or 100 ms──► batch ─► file
 * ```
 * One batch is written at a time, and the next one takes all that was gathered meanwhile, so that a slow sink gets
 * larger writes and not more of them. What exceeds the bound, and what could not be written, is dropped and counted.
 */
export class LineWriter {
  readonly #target: LineTarget;
  readonly #warn: (message: string) => void;
  readonly #maxQueuedBytes: number;
  #text = '';
  /** Whether what is gathered is to be written however little it is. */
  #due = false;
  /** Room for an ordinary batch: one is under way at a time. */
  readonly #buffer = Buffer.allocUnsafeSlow(BATCH_BYTES + 4096);
  #batch: Batch | null = null;
  #batchBytes = 0;
  #fd = -1;
  #maxWriteBytes = Number.POSITIVE_INFINITY;
  /** Whether writes are made at once: so small and never waiting, they cost less than asking a thread for them. */
  #writesAtOnce = false;
  /** Whether an open, a write or a wait for a busy pipe is under way; its end goes on with the rest. */
  #busy = false;
  #opensAgain = false;
  #openAfterMs = 0;
  #dropped = 0;
  #failing = false;
  /** Whether the file ends within a line, because a write stopped there. */
  #torn = false;
  #closed = false;
  #timer: NodeJS.Timeout | null = null;
  #waiters: (() => void)[] = [];
  readonly #onExit = (): void => this.#writeNow();

  constructor(target: LineTarget, options: LineWriterOptions) {
    this.#target = target;
    this.#warn = options.warn;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? MAX_QUEUED_BYTES;
    process.once('exit', this.#onExit);
    this.#open();
  }

  /** Lines that were lost. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param line ASCII, with its line end */
  append(line: string): void {
    if (this.#closed || this.#batchBytes + this.#text.length + line.length > this.#maxQueuedBytes) {
      this.#dropped += 1;
      return;
    }
    this.#text += line;
    if (this.#text.length >= BATCH_BYTES) this.#pump();
    else if (this.#timer === null) this.#timer = setTimeout(this.#onTimer, FLUSH_INTERVAL_MS).unref();
  }

  /** @returns when everything appended so far is written or dropped; never rejects */
  flush(): Promise<void> {
    if (this.#text === '' && this.#batch === null) return Promise.resolve();
    return new Promise((resolve) => {
      (this.#text === '' ? this.#batch!.waiters : this.#waiters).push(resolve);
      this.#due = true;
      this.#pump();
    });
  }

  /** Opens the file by its name again, after something moved it (log rotation). Lines go on into the old one until then. */
  reopen(): void {
    if (this.#target.type !== 'file' || this.#closed) return;
    this.#opensAgain = true;
    this.#openAfterMs = 0;
    this.#pump();
  }

  /** Writes what is left, for two seconds at most, and closes. Later lines are dropped. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const flushed = this.flush();
    this.#closed = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)));
    await Promise.race([flushed, late]);
    clearTimeout(timer);
    if (this.#timer !== null) clearTimeout(this.#timer);
    process.removeListener('exit', this.#onExit);
    this.#abandon();
    // A write that hangs still has the number; the process ends soon anyway.
    if (this.#fd > 2 && !this.#busy) close(this.#fd);
    this.#fd = -1;
  }

  #abandon(): void {
    this.#dropped += linesIn(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
    for (const wake of this.#waiters.splice(0)) wake();
    if (this.#batch !== null) this.#dropBatch(this.#batch);
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    this.#due = true;
    this.#pump();
  };

  /** Does the next thing, where none is under way. */
  #pump(): void {
    if (this.#busy) return;
    const batch = this.#batch ?? this.#seal();
    const wantsOpen = this.#opensAgain || (this.#fd === -1 && batch !== null);
    if (wantsOpen && performance.now() >= this.#openAfterMs) return this.#open();
    if (batch === null) return;
    if (this.#fd === -1) return this.#dropBatch(batch);
    if (this.#writesAtOnce) return this.#writeAtOnce(batch);
    this.#busy = true;
    write(this.#fd, batch.bytes, batch.offset, this.#nextLength(batch), null, (error, written) => {
      this.#busy = false;
      this.#afterWrite(batch, error, written);
    });
  }

  /** Turns what is gathered into a batch, where it is enough or due. */
  #seal(): Batch | null {
    if (this.#text === '' || (this.#text.length < BATCH_BYTES && !this.#due)) return null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#due = false;
    // The line end in front is for the part of a line that a failed write has left: it spoils no other.
    const text = this.#torn ? `\n${this.#text}` : this.#text;
    // An own buffer for each batch would cost more than filling it.
    const buffer = text.length <= this.#buffer.length ? this.#buffer : Buffer.allocUnsafeSlow(text.length);
    const bytes = buffer.subarray(0, buffer.latin1Write(text, 0));
    this.#torn = false;
    this.#text = '';
    this.#batchBytes = bytes.length;
    this.#batch = { bytes, offset: 0, waiters: this.#waiters.splice(0) };
    return this.#batch;
  }

  #writeAtOnce(batch: Batch): void {
    let written = 0;
    let failure: NodeJS.ErrnoException | null = null;
    try {
      written = writeSync(this.#fd, batch.bytes, batch.offset, this.#nextLength(batch));
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
    }
    this.#afterWrite(batch, failure, written);
  }

  #afterWrite(batch: Batch, error: NodeJS.ErrnoException | null, written: number): void {
    if (error === null) {
      this.#failing = false;
      batch.offset += written;
      if (batch.offset === batch.bytes.length) this.#finish(batch);
      else this.#pump();
    } else if (error.code === 'EAGAIN') {
      this.#busy = true;
      setTimeout(() => {
        this.#busy = false;
        this.#pump();
      }, BUSY_RETRY_MS);
    } else {
      this.#fail('write', error);
      if (!FULL.has(error.code ?? '') && this.#target.type === 'file') this.#reopenLater();
      this.#dropBatch(batch);
    }
  }

  /** Whole lines where the size of a write is limited; a longer line goes as it is. */
  #nextLength(batch: Batch): number {
    const left = batch.bytes.length - batch.offset;
    if (left <= this.#maxWriteBytes) return left;
    const lastEnd = batch.bytes.lastIndexOf(LINE_FEED, batch.offset + this.#maxWriteBytes - 1);
    if (lastEnd >= batch.offset) return lastEnd + 1 - batch.offset;
    return batch.bytes.indexOf(LINE_FEED, batch.offset) + 1 - batch.offset;
  }

  #dropBatch(batch: Batch): void {
    this.#dropped += linesIn(batch.bytes.subarray(batch.offset));
    if (batch.offset > 0 && batch.bytes[batch.offset - 1] !== LINE_FEED) this.#torn = true;
    this.#finish(batch);
  }

  #finish(batch: Batch): void {
    if (this.#batch !== batch) return; // closed meanwhile
    this.#batch = null;
    this.#batchBytes = 0;
    for (const wake of batch.waiters) wake();
    if (this.#waiters.length > 0) this.#due = true;
    this.#pump();
  }

  get #path(): string {
    return this.#target.type === 'file' ? this.#target.path : STDOUT_PATH;
  }

  /**
   * A regular file that a shell opened: writes there must move the offset that all who inherited it share, or what
   * others write (`selvage up >file 2>&1`) would land on top of these lines. It never blocks.
   */
  get #sharesOffset(): boolean {
    return this.#target.type === 'stdout' && statOf(STDOUT_FD)?.isFile() === true;
  }

  #open(): void {
    this.#opensAgain = false;
    if (this.#sharesOffset) {
      this.#use(STDOUT_FD);
      this.#pump();
      return;
    }
    this.#busy = true;
    open(this.#path, OPEN_FLAGS, FILE_MODE, (error, fd) => {
      this.#busy = false;
      if (error === null) {
        if (this.#fd !== -1) close(this.#fd);
        this.#torn = false;
        this.#use(fd);
      } else if (this.#target.type === 'stdout') {
        this.#use(STDOUT_FD); // a socket cannot be opened by its path
      } else {
        this.#openAfterMs = performance.now() + OPEN_RETRY_MS;
        this.#fail('open', error);
      }
      this.#pump();
    });
  }

  /** What is broken otherwise than full may be whole again under the same name. */
  #reopenLater(): void {
    this.#opensAgain = true;
    this.#openAfterMs = performance.now() + OPEN_RETRY_MS;
  }

  #use(fd: number): void {
    this.#fd = fd;
    const stat = statOf(fd);
    this.#writesAtOnce = stat?.isFIFO() ?? false;
    if (this.#writesAtOnce) this.#maxWriteBytes = PIPE_ATOMIC_BYTES;
    else this.#maxWriteBytes = stat?.isSocket() === true ? SOCKET_ATOMIC_BYTES : Number.POSITIVE_INFINITY;
  }

  #fail(verb: 'open' | 'write', error: NodeJS.ErrnoException): void {
    if (this.#failing) return;
    this.#failing = true;
    const name = this.#target.type === 'file' ? this.#target.path : 'to standard output';
    const reason = REASONS[error.code ?? ''] ?? error.code ?? error.message;
    this.#warn(
      `cannot ${verb} access log ${name}: ${reason} (requests are served all the same, and lost lines counted)`,
    );
  }

  /** The net below an exit that did not wait for `close`. What a thread is just writing is left to that. */
  #writeNow(): void {
    const batch = this.#busy && !this.#writesAtOnce && this.#fd !== -1 ? null : this.#batch;
    try {
      if (this.#fd === -1) this.#fd = openSync(this.#path, OPEN_FLAGS, FILE_MODE); // a shared file is open by now
      if (batch !== null) writeAllNow(this.#fd, batch.bytes.subarray(batch.offset));
      writeAllNow(this.#fd, Buffer.from(this.#text, 'latin1'));
    } catch {
      // The process ends: there is nobody left to tell.
    }
  }
}

/** Errors that end when there is room again, with the same file. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'disk quota exceeded',
  EFBIG: 'file too large',
  EISDIR: 'it is a folder',
  ENOENT: 'its folder does not exist',
  ENOSPC: 'no space left on device',
  ENXIO: 'nobody reads the pipe',
  EPIPE: 'the reader has gone',
  EROFS: 'read-only file system',
};

/** @returns null where standard output is closed: then the first write says so */
const statOf = (fd: number): Stats | null => {
  try {
    return fstatSync(fd);
  } catch {
    return null;
  }
};

const linesIn = (bytes: Uint8Array): number => {
  let lines = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === LINE_FEED) lines++;
  return lines;
};

/** Writes all, waiting a little for a busy pipe, because the process is about to end. @throws where that fails */
const writeAllNow = (fd: number, bytes: Uint8Array): void => {
  let offset = 0;
  for (let waits = 0; offset < bytes.length && waits < EXIT_WAITS;) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      waits++;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_RETRY_MS);
    }
  }
};
