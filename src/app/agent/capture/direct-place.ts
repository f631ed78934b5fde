import type { Capture, RunningCapture } from '#proxy/outbound.ts';
import { BindError } from '#transport/bind.ts';
import type { CapturedPort, CapturePlace, Refusal, Release } from './captured-services.ts';

/** Captures at the service's own loopback address and port, by listening there: without any privilege, where the port allows. */
export class DirectPlace implements CapturePlace {
  readonly #capture: (capture: Capture) => Promise<RunningCapture>;

  constructor(capture: (capture: Capture) => Promise<RunningCapture>) {
    this.#capture = capture;
  }

  async capture({ service, address, port, protocol }: CapturedPort): Promise<Release | Refusal> {
    try {
      const running = await this.#capture({ address, port, service, servicePort: port, protocol });
      return () => running.release();
    } catch (error) {
      const code = error instanceof BindError ? error.code : '';
      return { problem: `cannot capture ${service}:${port}: ${explain(error, port)}`, isTaken: code === 'EADDRINUSE' };
    }
  }
}

const explain = (error: unknown, port: number): string => {
  const code = error instanceof BindError ? error.code : '';
  if (code === 'EACCES')
    return `this user may not listen on port ${port} (sysctl net.ipv4.ip_unprivileged_port_start=${port} allows it, or give the service a port that is not below 1024, or call it through HTTP_PROXY)`;
  if (code === 'EADDRINUSE')
    return `somebody listens on port ${port} at all addresses of this machine, perhaps the application itself (have it listen on 127.0.0.1, or give the service another port)`;
  return error instanceof Error ? error.message : String(error);
};
