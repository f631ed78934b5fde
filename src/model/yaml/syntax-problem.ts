import type { ErrorCode, YAMLError } from 'yaml';

/**
 * What each of the parser's errors means, in words that quote nothing of the text: the parser's own messages do, and
 * the text may be a Secret.
 */
const meanings: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) cannot have an anchor or a tag',
  BAD_ALIAS: 'anchor or alias without a usable name',
  BAD_COLLECTION_TYPE: 'tag does not fit this map or list',
  BAD_DIRECTIVE: 'unknown or malformed directive (a line that starts with %)',
  BAD_DQ_ESCAPE: 'unknown escape in a double-quoted string (write \\\\ for a backslash, or use single quotes)',
  BAD_INDENT: 'wrong indentation (all fields of a map and all items of a list start in the same column)',
  BAD_PROP_ORDER: 'anchors and tags must stand after the - ? or : indicator',
  BAD_SCALAR_START: 'a plain value cannot start with this character (put the value in quotes)',
  BLOCK_AS_IMPLICIT_KEY:
    'a map or list cannot start here (is a line break missing, or quotes around a value with ": "?)',
  BLOCK_IN_FLOW: 'an indented map or list cannot stand within brackets or braces',
  DUPLICATE_KEY: 'field is given twice',
  IMPOSSIBLE: 'cannot be read as YAML',
  KEY_OVER_1024_CHARS: 'field name is longer than 1024 characters',
  MISSING_CHAR: 'a character is missing (a colon after a field name, a closing quote, bracket or brace, or a comma)',
  MULTILINE_IMPLICIT_KEY: 'a field name must stand on one line (is a colon or a closing quote missing?)',
  MULTIPLE_ANCHORS: 'a value can have only one anchor',
  MULTIPLE_DOCS: 'more than one document where one was expected (separate documents with ---)',
  MULTIPLE_TAGS: 'a value can have only one tag',
  NON_STRING_KEY: 'field name must be a string',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAB_AS_INDENT: 'tab used for indentation (use spaces)',
  TAG_RESOLVE_FAILED: 'unknown tag, or a value that does not fit its tag',
  UNEXPECTED_TOKEN: 'unexpected text (are quotes or a line break missing?)',
};

/** Says what is wrong with the YAML, without quoting it. */
export function describeSyntaxError(error: YAMLError): string {
  // The parser reports an open bracket as wrong indentation of what follows.
  const unclosed = error.code === 'BAD_INDENT' && /end with a [\]}]$/.test(error.message);
  if (unclosed) return 'cannot be read as YAML: a bracket or brace is never closed';
  return `cannot be read as YAML: ${meanings[error.code]}`;
}

/** A character that no YAML text holds, and what it tells about the file. */
export interface UnreadableCharacter {
  readonly offset: number;
  readonly message: string;
}

/** Control characters outside YAML's printable set (YAML 1.2 §5.1), and the mark of undecodable bytes. */
const unreadable = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]/;

/** Finds what shows that the file is not text, or not UTF-8. */
export function unreadableCharacter(text: string): UnreadableCharacter | undefined {
  const offset = text.search(unreadable);
  if (offset === -1) return undefined;
  const code = text.charCodeAt(offset);
  if (code === 0xfffd) return { offset, message: 'bytes that are not UTF-8 (save the file as UTF-8)' };
  const name = code === 0 ? 'NUL byte' : `control character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return { offset, message: `${name}, which no YAML or JSON text holds (is this a text file in UTF-8?)` };
}
