import type { Fields } from '#http/fields.ts';

/** A response that the proxy makes itself: a redirect, a preflight's answer, a refusal. Its body is small and whole. */
export interface Answer {
  readonly status: number;
  readonly fields: Fields;
  /** UTF-8 text, or null for no content. */
  readonly body: string | null;
}
