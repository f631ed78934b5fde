import { answerText, filterText, otherMatchLines, row, ruleLines, seenLines } from '../explanation-rows.ts';
import type { Paint } from '../../terminal.ts';
import { arrivalLines } from './arrival-text.ts';
import type { MeshBackendExplanation, MeshExplanation } from './mesh-explanation.ts';

/** Services that are listed before the rest is only counted. */
const MAX_SERVICES = 20;

/** Writes an explanation for people. */
export function meshExplanationText(explanation: MeshExplanation, paint: Paint): string {
  const { request, caller, service, rule, backends } = explanation;
  const lines = [
    `${paint('strong', `${request.method} ${request.url}`)}  from ${shortName(caller)}`,
    `  ${verdict(explanation, paint)}`,
    '',
    row('caller', caller, paint),
  ];
  if (service !== undefined)
    lines.push(row('service', `${service.name}, port ${service.port} (${service.protocol})`, paint));
  if (rule !== undefined && 'match' in rule) lines.push(...ruleLines(rule, paint));
  else if (rule !== undefined) lines.push(row('route', rule.route, paint));
  else if (service !== undefined && backends.length > 0)
    lines.push(row('route', paint('faint', 'none is attached to the port: all goes to the service itself'), paint));
  if (explanation.replaced !== undefined)
    lines.push(
      row('', paint('faint', `in the place of ${explanation.replaced.join(', ')}, the producer's own`), paint),
    );
  for (const [i, backend] of backends.entries()) lines.push(...backendLines(backend, i === 0, paint));
  lines.push(...otherMatchLines(explanation.otherMatches, [], paint), ...serviceLines(explanation, paint));
  return lines.join('\n');
}

function verdict({ outcome, error, answer, backends, service }: MeshExplanation, paint: Paint): string {
  switch (outcome) {
    case 'left':
      return `${paint('good', 'leaves the mesh')} as it is: no service of the mesh is called so`;
    case 'inside':
      return `${paint('good', 'accepted')}: requests inside of the tunnel are routed one by one; ask for one of them`;
    case 'failed': {
      const why = error!.detail === '' ? '' : `: ${error!.detail}`;
      return `${paint('bad', `${error!.status} ${error!.code}`)}, by the caller's own sidecar${why}`;
    }
    case 'answered':
      return `${paint('good', "answered by the caller's own sidecar")}: ${answerText(answer!)}`;
    case 'refused':
      return `${paint('bad', `refused with ${refusalOf(backends).status}`)}: ${refusalOf(backends).decision}`;
    case 'partly-refused': {
      const refused = backends.filter(isRefused).reduce((sum, { share }) => sum + share, 0);
      return `${paint('bad', `${percentText(refused)} refused`)}: ${refusalOf(backends).decision}`;
    }
    case 'forwarded':
      return `${paint('good', 'let in')} at ${service!.name}: ${decisionText(backends)}`;
  }
}

const isRefused = ({ judgement, share }: MeshBackendExplanation): boolean =>
  share > 0 && judgement?.isAllowed === false;

function refusalOf(backends: readonly MeshBackendExplanation[]): {
  readonly status: number;
  readonly decision: string;
} {
  const judgement = backends.find(isRefused)?.judgement;
  return { status: judgement?.answer?.status ?? 0, decision: judgement?.decision ?? '' };
}

function decisionText(backends: readonly MeshBackendExplanation[]): string {
  const reached = backends.filter(({ share, cluster }) => share > 0 && cluster !== null);
  const decisions = new Set(reached.map(({ judgement }) => judgement?.decision ?? ''));
  decisions.delete('');
  if (decisions.size > 0) return [...decisions].join(', ');
  return reached.some(({ judgement }) => judgement === undefined)
    ? 'no sidecar is there to ask a policy'
    : 'no policy is for it';
}

function backendLines(backend: MeshBackendExplanation, isFirst: boolean, paint: Paint): string[] {
  const { cluster, share, weight, filters, request, answer } = backend;
  const name = cluster ?? paint('bad', 'broken reference: its share is answered 500');
  const lines = [row(isFirst ? 'backends' : '', `${name}  (${percentText(share)}, weight ${weight})`, paint)];
  const say = (text: string): void => void lines.push(row('', `  ${text}`, paint));
  for (const filter of filters) say(filterText(filter));
  if (answer !== undefined) say(`answered by the caller's own sidecar: ${answerText(answer)}`);
  if (cluster === null || request === undefined) return lines;
  if (request.method === 'CONNECT') say('gets the bytes as they are');
  else lines.push(...seenLines(request, paint));
  return [...lines, ...arrivalLines(backend, paint)];
}

function serviceLines({ outcome, service, services }: MeshExplanation, paint: Paint): string[] {
  if (service !== undefined || services.length === 0) return [];
  const lines = services.slice(0, MAX_SERVICES).map(({ name, hostnames, ports }) => {
    const names = paint('faint', `${hostnames[0]}, port ${ports.join(', ')}`);
    return `  ${name}: ${names}`;
  });
  const rest = services.length - MAX_SERVICES;
  if (rest > 0) lines.push(paint('faint', `  and ${rest} more (--format json lists all)`));
  return ['', paint('strong', outcome === 'left' ? 'Services of the mesh' : 'What can be called'), ...lines];
}

function percentText(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

/** As in `shop/web`. */
function shortName(principal: string): string {
  const [, namespace = '', account = ''] = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(principal) ?? [];
  return `${namespace}/${account}`;
}
