import { getBuiltinModule } from 'node:process';
import type { RequestHead } from '#http/head.ts';
import { jsonAnswer, problemAnswer, type AdminAnswer } from './answer.ts';

/** What a process can be told to do over its admin API. */
export interface AdminActions {
  /** Must be sent as `Authorization: Bearer <token>`: that a request comes from this machine does not say from whom. */
  readonly token: string;
  /** By path, asked for by POST with a JSON object. */
  readonly byPath: ReadonlyMap<string, AdminAction>;
}

/** @returns what became of it, as JSON, or why it was not done */
export type AdminAction = (request: Readonly<Record<string, unknown>>) => ActionOutcome | Promise<ActionOutcome>;

export type ActionOutcome = { readonly done: unknown } | { readonly status: 400 | 409; readonly refusal: string };

/**
 * Does what is asked for, for whoever has the token. A page in a browser cannot ask: it may not send the field without
 * leave (CORS), and this API gives none.
 */
export const answerAction = async (
  { token, byPath }: AdminActions,
  request: RequestHead,
  content: Uint8Array,
): Promise<AdminAnswer> => {
  const action = byPath.get(request.path)!;
  if (request.method !== 'POST')
    return problemAnswer(405, 'Method not allowed', 'This is done by POST', ['allow', 'POST']);
  if (!isBearerOf(token, request.fields.get('authorization') ?? ''))
    return problemAnswer(401, 'Unauthorized', 'This needs the admin token, which lies in the state folder', [
      'www-authenticate',
      'Bearer',
    ]);
  const asked = parseObject(content);
  if (asked === undefined) return problemAnswer(400, 'Bad request', 'The content is no JSON object');
  const outcome = await action(asked);
  if ('done' in outcome) return jsonAnswer(outcome.done);
  return problemAnswer(outcome.status, outcome.status === 409 ? 'Conflict' : 'Bad request', outcome.refusal);
};

/** Digests have one length, so that the time to compare says nothing of the token, nor of how long it is. */
const isBearerOf = (token: string, authorization: string): boolean => {
  const [, offered] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  if (offered === undefined) return false;
  // Loaded by who is told to do something: a proxy that speaks no TLS is several megabytes smaller without.
  const { hash, timingSafeEqual } = getBuiltinModule('node:crypto');
  return timingSafeEqual(hash('sha256', offered, 'buffer'), hash('sha256', token, 'buffer'));
};

/** No content is an empty object. */
const parseObject = (content: Uint8Array): Readonly<Record<string, unknown>> | undefined => {
  if (content.length === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString());
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
};
