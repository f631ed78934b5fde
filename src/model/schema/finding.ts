import * as z from 'zod';
import type { Path } from '../field-path.ts';
import { schemaAt } from './schema-walk.ts';
import { choices, describeValue, quote } from './wording.ts';

/** One thing wrong with a value, before anybody knows where it was written. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  /** Worded to follow "expected". */
  readonly expected?: string;
}

/** How findings are worded for one kind. */
export interface Wording {
  /** The schema of the whole document, for what it knows at a path. */
  readonly schema: z.core.$ZodType;
  /** True where no value may be shown. */
  readonly confidential: boolean;
}

/** Turns what the schema library found into what an operator reads. */
export function findingsOf(issues: readonly z.core.$ZodIssue[], wording: Wording): Finding[] {
  const seen = new Set<string>();
  const telling = issues.filter((issue) => {
    // A name that is empty or too long is also against the pattern for names: the first of both says enough.
    const path = JSON.stringify(issue.path);
    const repeats = issue.code === 'invalid_format' && seen.has(path);
    seen.add(path);
    return !repeats;
  });
  return telling.flatMap((issue) => findingsIn(issue, wording));
}

function findingsIn(issue: z.core.$ZodIssue, wording: Wording): Finding[] {
  const path = issue.path as Path;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField([...path, key], wording));
    case 'invalid_key':
      return [unusableKey(issue, wording)];
    case 'custom':
      return [{ path, message: issue.message, ...expectedIn(issue.params) }];
    default: {
      const missing = issue.input === undefined;
      const message = missing ? 'required field is missing' : complaintOf(issue, wording);
      return [{ path, message, expected: expectationOf(issue, wording) }];
    }
  }
}

function expectedIn(params: Record<string, unknown> | undefined): { expected?: string } {
  const expected = params?.['expected'];
  return typeof expected === 'string' ? { expected } : {};
}

function unknownField(path: Path, { schema }: Wording): Finding {
  const parent = schemaAt(schema, path.slice(0, -1));
  const known = parent instanceof z.core.$ZodObject ? Object.keys(parent._zod.def.shape) : [];
  return { path, message: 'unknown field', expected: choices(String(path.at(-1)), known) };
}

function unusableKey(issue: z.core.$ZodIssueInvalidKey, { confidential }: Wording): Finding {
  const path = issue.path as Path;
  const expected = issue.issues[0]?.message ?? 'another name';
  // What went wrong in a Secret may have turned a value into a key.
  if (confidential) return { path: path.slice(0, -1), message: 'malformed entry name', expected };
  return { path, message: `malformed key ${quote(path.at(-1))}`, expected };
}

function complaintOf(issue: z.core.$ZodIssue, { confidential }: Wording): string {
  const { input } = issue;
  switch (issue.code) {
    case 'invalid_value':
      if (typeof input !== 'object' || input === null)
        return confidential ? 'unknown value' : `unknown value ${quote(input)}`;
      break;
    case 'invalid_format':
      return confidential ? 'malformed value' : `malformed value ${quote(input)}`;
    case 'too_small':
    case 'too_big':
      return `found ${sizeOf(input)}`;
    default:
      break;
  }
  return `found ${describeValue(input, confidential)}`;
}

function sizeOf(input: unknown): string {
  if (typeof input === 'string') return counted(input.length, 'character');
  if (Array.isArray(input)) return counted(input.length, 'item');
  if (typeof input === 'object' && input !== null) return counted(Object.keys(input).length, 'entry', 'entries');
  return String(input);
}

function counted(count: number, one: string, many = `${one}s`): string {
  if (count === 0) return one === 'character' ? 'an empty string' : `no ${many}`;
  return `${count} ${count === 1 ? one : many}`;
}

function expectationOf(issue: z.core.$ZodIssue, wording: Wording): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeExpectation(issue, wording);
    case 'invalid_value':
      return choices(wording.confidential ? undefined : issue.input, issue.values.map(String));
    case 'too_small':
    case 'too_big':
      return sizeExpectation(issue, wording);
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

function typeExpectation({ expected, input, path }: z.core.$ZodIssueInvalidType, wording: Wording): string {
  const name = typeNames[expected] ?? expected;
  const wanted = rangeAt(wording, path) ?? name;
  if (name === 'a string')
    return typeof input === 'number' || typeof input === 'boolean' ? `${name} (put it in quotes)` : name;
  return typeof input === 'string' && /^(true|false|\d{1,15})$/.test(input)
    ? `${wanted} (write it without quotes)`
    : wanted;
}

function rangeAt({ schema }: Wording, path: readonly PropertyKey[]): string | undefined {
  const at = schemaAt(schema, path);
  if (!(at instanceof z.ZodNumber)) return undefined;
  const { minValue, maxValue } = at;
  if (minValue === null || Math.abs(minValue) >= Number.MAX_SAFE_INTEGER) return undefined;
  if (maxValue === null || maxValue >= Number.MAX_SAFE_INTEGER) return `an integer of at least ${minValue}`;
  return `an integer from ${minValue} to ${maxValue}`;
}

function sizeExpectation(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, wording: Wording): string {
  const limit = Number(issue.code === 'too_small' ? issue.minimum : issue.maximum);
  const bound = issue.code === 'too_small' ? `at least ${limit}` : `at most ${limit}`;
  if (issue.origin === 'string') return `${bound} character${limit === 1 ? '' : 's'}`;
  if (issue.origin === 'array') return `${bound} item${limit === 1 ? '' : 's'}`;
  return rangeAt(wording, issue.path) ?? bound;
}
