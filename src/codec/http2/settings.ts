import { CONNECTION_FAULTS, type Fault } from './fault.ts';
import { type Http2Limits, MAX_FRAME_BYTES } from './limits.ts';

/*
 * What one side tells the other of itself.
 * @see RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1
 */
const HEADER_TABLE_SIZE = 0x1;
const ENABLE_PUSH = 0x2;
const MAX_CONCURRENT_STREAMS = 0x3;
const INITIAL_WINDOW_SIZE = 0x4;
const MAX_FRAME_SIZE = 0x5;
const MAX_HEADER_LIST_SIZE = 0x6;
const ENABLE_CONNECT_PROTOCOL = 0x8;
const NO_RFC7540_PRIORITIES = 0x9;

/** Octets of one setting on the wire. */
export const SETTING_BYTES = 6;

/** Window of streams and connection where nothing else was said (RFC 9113 §6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65535;
/** The greatest window (RFC 9113 §6.9.1). */
export const MAX_WINDOW_BYTES = 0x7fffffff;
const MAX_MAX_FRAME_BYTES = 0xffffff;
const DEFAULT_HEADER_TABLE_BYTES = 4096;

/** What this side says of itself. @returns id, value, id, value, … */
export function ownSettings(limits: Http2Limits, isServer: boolean, extendedConnect: boolean): number[] {
  const settings = [INITIAL_WINDOW_SIZE, limits.streamWindowBytes, MAX_HEADER_LIST_SIZE, limits.fieldBytes];
  if (limits.headerTableBytes !== DEFAULT_HEADER_TABLE_BYTES) settings.push(HEADER_TABLE_SIZE, limits.headerTableBytes);
  if (!isServer) settings.push(ENABLE_PUSH, 0);
  else settings.push(MAX_CONCURRENT_STREAMS, limits.concurrentStreams, NO_RFC7540_PRIORITIES, 1);
  if (isServer && extendedConnect) settings.push(ENABLE_CONNECT_PROTOCOL, 1);
  return settings;
}

/** The peer's settings, with the values that hold before it has sent any. */
export class PeerSettings {
  headerTableBytes: number = DEFAULT_HEADER_TABLE_BYTES;
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  initialWindowBytes: number = DEFAULT_WINDOW_BYTES;
  maxFrameBytes: number = MAX_FRAME_BYTES;
  maxHeaderListBytes = Number.POSITIVE_INFINITY;
  extendedConnect = false;

  /** Reads the content of a SETTINGS frame. @returns what is wrong with it, or null */
  apply(buffer: Uint8Array, start: number, end: number): Fault | null {
    for (let i = start; i < end; i += SETTING_BYTES) {
      const value = ((buffer[i + 2]! << 24) | (buffer[i + 3]! << 16) | (buffer[i + 4]! << 8) | buffer[i + 5]!) >>> 0;
      const fault = this.#set((buffer[i]! << 8) | buffer[i + 1]!, value);
      if (fault !== null) return fault;
    }
    return null;
  }

  /** Those that are not known are ignored (RFC 9113 §6.5.2). */
  #set(id: number, value: number): Fault | null {
    switch (id) {
      case HEADER_TABLE_SIZE:
        this.headerTableBytes = value;
        return null;
      case ENABLE_PUSH:
        return value > 1 ? CONNECTION_FAULTS.settingsValue : null;
      case MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        return null;
      case INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW_BYTES) return CONNECTION_FAULTS.settingsWindow;
        this.initialWindowBytes = value;
        return null;
      case MAX_FRAME_SIZE:
        if (value < MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES) return CONNECTION_FAULTS.settingsValue;
        this.maxFrameBytes = value;
        return null;
      case MAX_HEADER_LIST_SIZE:
        this.maxHeaderListBytes = value;
        return null;
      case ENABLE_CONNECT_PROTOCOL:
        // Once offered it may not be taken back (RFC 8441 §3).
        if (value > 1 || (value === 0 && this.extendedConnect)) return CONNECTION_FAULTS.settingsValue;
        this.extendedConnect = value === 1;
        return null;
      default:
        return null;
    }
  }
}
