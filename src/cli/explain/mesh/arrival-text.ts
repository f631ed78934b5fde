import { answerText, policyRows, row } from '../explanation-rows.ts';
import type { Paint } from '../../terminal.ts';
import type { ArrivalExplanation } from './arrival-explanation.ts';

/** Writes for people what becomes of a request behind whoever has sent it. */
export function arrivalLines(arrival: ArrivalExplanation, paint: Paint): string[] {
  const { security, principal, endpoints, judgement } = arrival;
  const lines: string[] = [];
  const say = (text: string): void => void lines.push(row('', `  ${text}`, paint));
  if (security === 'mutual_tls') say(`over mutual TLS, from a workload that must be ${principal}`);
  else if (endpoints.length === 0) say(paint('bad', 'no endpoint: answered 503'));
  else {
    const places = endpoints.map(({ address, port }) => `${address.includes(':') ? `[${address}]` : address}:${port}`);
    const how = security === 'tls' ? 'over TLS' : 'in the clear';
    say(`${how}, at ${places.join(', ')}: no sidecar is known there, and no policy is asked`);
  }
  if (judgement === undefined) return lines;
  const { policies, isAllowed, answer, decision } = judgement;
  lines.push(...policyRows(policies, '  ', paint));
  const outcome = isAllowed ? paint('good', 'let in there') : paint('bad', `refused there with ${answerText(answer!)}`);
  say(`${outcome}: ${decision === '' ? 'no policy is for it' : decision}`);
  return lines;
}
