/**
 * Whether the undocumented parts of Node's sockets are used where this Node offers them
 * (docs/decisions/0002-socket-handles.md). Only the tests turn them off, to run every case both ways.
 */
export const fastPath = { enabled: true };
