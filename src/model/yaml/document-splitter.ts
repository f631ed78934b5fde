/** One document of a YAML stream, still as text. */
export interface DocumentText {
  readonly text: string;
  /** How many lines of the file stand before it. */
  readonly linesBefore: number;
}

const startMarker = /^---(?=[ \t\r\n]|$)/;
const endMarker = /^\.\.\.(?=[ \t\r\n]|$)/;

/**
 * Cuts a YAML stream at its document markers.
 *
 * The parser could do this itself, but then one unclosed bracket would take the documents after it along. YAML allows
 * a marker at the start of a line nowhere inside a document, not even in a quoted or block scalar, so that cutting is
 * safe before anything else is understood.
 *
 * @see https://yaml.org/spec/1.2.2/#912-document-markers
 */
export function splitDocuments(text: string): DocumentText[] {
  const documents: DocumentText[] = [];
  let start = 0;
  let startLine = 0;
  let line = 0;
  let preamble = true;
  const cut = (end: number, nextLine: number): void => {
    if (end > start) documents.push({ text: text.slice(start, end), linesBefore: startLine });
    start = end;
    startLine = nextLine;
  };
  for (let at = 0; at < text.length; line++) {
    const next = lineEnd(text, at);
    const first = text.slice(at, Math.min(next, at + 4));
    if (startMarker.test(first)) {
      // Directives (`%YAML 1.2`) and comments before the marker belong to the document that it starts.
      if (!preamble) cut(at, line);
      preamble = false;
    } else if (endMarker.test(first)) {
      cut(next, line + 1);
      preamble = true;
    } else if (preamble && !/^[%#\r\n]/.test(first) && text.slice(at, next).trim() !== '') {
      preamble = false;
    }
    at = next;
  }
  cut(text.length, line);
  return documents;
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  return newline === -1 ? text.length : newline + 1;
}
