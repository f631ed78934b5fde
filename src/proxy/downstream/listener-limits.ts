import type { ListenerLimits } from '#model/snapshot/listener.ts';
import type { DownstreamLimits } from './limits.ts';

/** Puts what is declared for a listener in the place of what is usual. Times of 0 are without limit. */
export const withDeclared = (usual: DownstreamLimits, declared: ListenerLimits | null): DownstreamLimits => {
  if (declared === null) return usual;
  const { fieldBytes, fieldCount, targetBytes, methodBytes, chunkExtensionBytes } = declared;
  const { concurrentStreams, streamWindowBytes, connectionWindowBytes } = declared;
  const head = { fieldBytes, fieldCount, targetBytes, methodBytes };
  return Object.freeze({
    ...usual,
    http1: { ...usual.http1, ...head, chunkExtensionBytes },
    http2: { ...usual.http2, ...head, concurrentStreams, streamWindowBytes, connectionWindowBytes },
    keepAliveIdleMs: orNever(declared.idleTimeoutMs),
    headTimeoutMs: orNever(declared.headTimeoutMs),
    streamIdleMs: orNever(declared.streamIdleTimeoutMs),
    tcpIdleMs: orNever(declared.tcpIdleTimeoutMs),
  });
};

/** A deadline in a hundred years is none; Infinity would not do, since timers compare and subtract. */
const orNever = (timeoutMs: number): number => (timeoutMs === 0 ? 3_155_760_000_000 : timeoutMs);
