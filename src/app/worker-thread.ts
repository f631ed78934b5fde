// One thread of the data plane: a gateway of its own, on ports that it shares with the others.
import { parentPort, workerData } from 'node:worker_threads';
import type { Clock } from '#transport/clock.ts';
import type { DataPlaneOptions } from './data-plane.ts';
import { ThreadDataPlane } from './thread-data-plane.ts';
import type { WorkerAnswers, WorkerReply, WorkerRequest } from './worker-messages.ts';

const options = workerData as DataPlaneOptions;
const member = options.identity === undefined ? null : await joinMesh(options.identity);
const plane = new ThreadDataPlane(options, true, member?.join);

/** Loads what few gateways need. */
async function joinMesh(text: string | null) {
  const [{ PostedIdentity }, { MeshCaller }] = await Promise.all([
    import('./gateway/posted-identity.ts'),
    import('#proxy/mesh/mesh-caller.ts'),
  ]);
  const identity = new PostedIdentity(text);
  return { identity, join: (clock: Clock) => new MeshCaller(identity, clock) };
}

parentPort?.on('message', ({ id, request }: { readonly id: number; readonly request: WorkerRequest }) => {
  // A failure is left uncaught: it ends this thread, and a new one takes its place.
  void answer(request).then((given) => reply({ id, answer: given }));
});

function reply(message: WorkerReply): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  parentPort?.postMessage(message);
}

async function answer(request: WorkerRequest): Promise<WorkerAnswers[WorkerRequest['type']]> {
  switch (request.type) {
    case 'apply': {
      const report = await plane.apply(request.delta);
      return { report, bound: plane.bound };
    }
    case 'renew':
      member?.identity.renew(request.identity);
      return null;
    case 'collect':
      return plane.report();
    case 'reopen-log':
      plane.reopenLog();
      return null;
    case 'drain':
      await plane.drain();
      return null;
    case 'close':
      await plane.close();
      return null;
  }
}
