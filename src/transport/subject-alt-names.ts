/** One entry of a certificate's subject alternative name (RFC 5280 §4.2.1.6). */
export interface SubjectAltNameEntry {
  /** `DNS`, `URI`, `IP Address`, … as OpenSSL calls them. */
  readonly type: string;
  readonly value: string;
}

/**
 * Takes Node's text form of subject alternative names apart: `DNS:a.example, URI:spiffe://b/c`. Values that hold a comma
 * or a quote come as JSON strings there; split at commas alone, one name could pretend to be two.
 */
export const parseSubjectAltNames = (text: string | undefined): readonly SubjectAltNameEntry[] => {
  const entries: SubjectAltNameEntry[] = [];
  const entry = /([^:,"]+):(?:"((?:[^"\\]|\\.)*)"|([^,"]*))(?:, |$)/y;
  for (let match = entry.exec(text ?? ''); match !== null; match = entry.exec(text ?? '')) {
    const value = match[2] === undefined ? match[3]! : unquoted(match[2]);
    entries.push({ type: match[1]!, value });
  }
  return entries;
};

const unquoted = (text: string): string => {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return '';
  }
};
