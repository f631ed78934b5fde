import type { EndpointSpec } from '#model/snapshot/endpoints.ts';
import type { Exchange } from '#proxy/exchange/exchange.ts';
import type { PolicyExplanation } from '#proxy/filters/authorization/explain.ts';
import { plainAnswer, type AnswerExplanation } from '../plain-answer.ts';
import type { AssumedMesh, SeenResources } from './assumed-mesh.ts';

/** Where what is sent to a backend arrives, and what is made of it there. */
export interface ArrivalExplanation {
  /** Those without a sidecar; none where it was assumed that one workload with a sidecar serves. */
  readonly endpoints: readonly EndpointSpec[];
  /** `tls`, `none`: no sidecar is there, so that nobody judges it; with `none`, it goes in the clear. */
  readonly security: 'mutual_tls' | 'tls' | 'none';
  /** SPIFFE id that whoever answers must show; absent without a sidecar. */
  readonly principal?: string;
  /** What the called sidecar makes of it; absent without one. */
  readonly judgement?: {
    readonly isAllowed: boolean;
    /** As in the access log there; '' where no policy has anything to say. */
    readonly decision: string;
    readonly policies: readonly PolicyExplanation[];
    readonly answer?: AnswerExplanation;
  };
}

/**
 * Explains what becomes of a request behind whoever has sent it.
 *
 * @param exchange as it was sent; null where it was not
 * @param sender SPIFFE id
 * @param seen by the sender
 */
export function explainArrival(
  exchange: Exchange | null,
  cluster: string | null,
  sender: string,
  mesh: AssumedMesh,
  seen: SeenResources,
): ArrivalExplanation {
  if (cluster === null) return { endpoints: [], security: 'none' };
  const { endpoints, port, speaksTls } = mesh.arrivalAt(cluster, seen);
  const principal = endpoints.find((endpoint) => endpoint.mesh !== null)?.mesh?.principal;
  if (principal === undefined) return { endpoints, security: speaksTls ? 'tls' : 'none' };
  const arrival = {
    endpoints: endpoints.filter((endpoint) => endpoint.mesh === null),
    security: 'mutual_tls',
    principal,
  } as const;
  if (exchange === null || port === null) return arrival;
  const { answer, decision, policies } = mesh.judge(exchange, sender, cluster, seen, port);
  const judgement = { isAllowed: answer === undefined, decision, policies };
  return {
    ...arrival,
    judgement: answer === undefined ? judgement : { ...judgement, answer: plainAnswer(answer) },
  };
}
