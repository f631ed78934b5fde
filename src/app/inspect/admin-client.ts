/** What an admin API has answered, or why it has not. */
export type Answered<T> = { readonly ok: true; readonly answer: T } | { readonly ok: false; readonly reason: string };

const TIMEOUT_MS = 10_000;

/** Asks a page of an admin API. @param url of the page */
export function askAdmin<T>(url: string): Promise<Answered<T>> {
  return exchange(url, {});
}

/** Has something done over an admin API. @param token the admin token of that process */
export function orderAdmin<T>(url: string, token: string, order: object): Promise<Answered<T>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return exchange(url, { method: 'POST', headers, body: JSON.stringify(order) });
}

async function exchange<T>(url: string, request: RequestInit): Promise<Answered<T>> {
  try {
    const response = await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const answer = (await response.json()) as T;
    if (response.ok) return { ok: true, answer };
    const { detail } = answer as { readonly detail?: unknown };
    return { ok: false, reason: typeof detail === 'string' ? detail : `it answers ${response.status}` };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  const { code } = ((error as Error).cause ?? {}) as { readonly code?: string };
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (error instanceof SyntaxError) return 'its answer is not JSON';
  return code ?? (error instanceof Error ? error.message : String(error));
}
