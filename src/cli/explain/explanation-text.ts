import type { BackendExplanation, Explanation } from './explanation.ts';
import { answerText, filterText, otherMatchLines, policyRows, row, ruleLines, seenLines } from './explanation-rows.ts';
import { arrivalLines } from './mesh/arrival-text.ts';
import type { Paint } from '../terminal.ts';

/** Writes an explanation for people. */
export function explanationText(explanation: Explanation, paint: Paint): string {
  const { request, listener, rule } = explanation;
  const lines = [paint('strong', `${request.method} ${request.url}`), `  ${verdict(explanation, paint)}`];
  if (listener !== undefined) {
    lines.push('');
    const hosts = listener.hostname === '' ? 'any host' : listener.hostname;
    lines.push(row('listener', `${listener.name}  (port ${listener.port}, ${hosts})`, paint));
  }
  if (rule !== undefined) lines.push(...ruleLines(rule, paint));
  lines.push(...policyLines(explanation, paint));
  for (const [i, backend] of explanation.backends.entries()) lines.push(...backendLines(backend, i === 0, paint));
  lines.push(...otherMatchLines(explanation.otherMatches, explanation.otherListeners, paint));
  return lines.join('\n');
}

function verdict({ outcome, answer, backends, rule, refusal }: Explanation, paint: Paint): string {
  switch (outcome) {
    case 'no-listener':
      return `${paint('bad', 'not received')}: no listener takes it`;
    case 'no-route':
      return `${paint('bad', '404')}: no rule matches`;
    case 'refused':
      return `${paint('bad', `refused with ${answer!.status}`)}: ${refusal}`;
    case 'answered':
      return `${paint('good', 'answered by the gateway')}: ${answerText(answer!)}`;
    case 'forwarded':
      if (backends.every(({ share }) => share === 0))
        return `${paint('bad', '500')}: ${rule!.route} has no backend for it`;
      return `${paint('good', 'forwarded')} by ${rule!.route}, rule ${rule!.name}`;
  }
}

function policyLines({ authorization }: Explanation, paint: Paint): string[] {
  const [first, ...others] = policyRows(authorization?.policies ?? [], '', paint);
  return first === undefined ? [] : [first.replace(row('', '', paint), row('policies', '', paint)), ...others];
}

function backendLines(
  { cluster, share, weight, filters, endpoints, request, answer, authorization, arrival }: BackendExplanation,
  isFirst: boolean,
  paint: Paint,
): string[] {
  const percent = `${Math.round(share * 1000) / 10} %, weight ${weight}`;
  const name = cluster ?? paint('bad', 'broken reference: its share is answered 500');
  const lines = [row(isFirst ? 'backends' : '', `${name}  (${percent})`, paint)];
  for (const filter of filters) lines.push(row('', `  ${filterText(filter)}`, paint));
  if (authorization !== undefined) lines.push(row('', `  ${authorization}`, paint));
  if (answer !== undefined) lines.push(row('', `  answered by the gateway: ${answerText(answer)}`, paint));
  if (request !== undefined) lines.push(...seenLines(request, paint));
  if (cluster === null) return lines;
  return [...lines, ...(arrival === undefined ? endpointLines(endpoints, paint) : arrivalLines(arrival, paint))];
}

function endpointLines(endpoints: BackendExplanation['endpoints'], paint: Paint): string[] {
  const places = endpoints.map(
    ({ address, port, state }) =>
      `${address.includes(':') ? `[${address}]` : address}:${port}${state === 'ready' ? '' : ' (draining)'}`,
  );
  return [
    row('', `  at ${places.length === 0 ? paint('bad', 'no endpoint: answered 503') : places.join(', ')}`, paint),
  ];
}
