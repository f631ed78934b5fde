/** What the admin API says. */
export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Further field lines: name, value, … */
  readonly fields?: readonly string[];
}

/** @returns a value as JSON, indented: people read it with curl */
export const jsonAnswer = (value: unknown, status = 200): AdminAnswer => ({
  status,
  contentType: 'application/json',
  body: `${JSON.stringify(value, null, 2)}\n`,
});

export const textAnswer = (body: string): AdminAnswer => ({
  status: 200,
  contentType: 'text/plain; charset=utf-8',
  body,
});

/** @returns a refusal as RFC 9457 has it @param detail a sentence for whoever asked, without a secret */
export const problemAnswer = (
  status: number,
  title: string,
  detail: string,
  fields: readonly string[] = [],
): AdminAnswer => ({
  ...jsonAnswer({ type: 'about:blank', title, status, detail }, status),
  contentType: 'application/problem+json',
  fields,
});
