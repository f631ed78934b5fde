import { parseCidr } from '#base/cidr.ts';
import { normalizePath } from '#http/path.ts';
import * as z from 'zod';
import { rule, type Objection } from '../schema/rule.ts';
import { quote } from '../schema/wording.ts';

/*
 * The values that authorization compares with. `*` stands for anything at the beginning or the end of a value, never in
 * the middle: what a pattern permits is to be seen at a glance.
 */

const text = (pattern: RegExp, expected: string) => z.string().min(1).max(2048).regex(pattern, expected);

export const principalPattern = () =>
  text(
    /^(?:\*[A-Za-z0-9._/:-]*|spiffe:\/\/[A-Za-z0-9._/-]*\*?)$/,
    'a SPIFFE id, as in spiffe://example.org/ns/shop/sa/cart, perhaps with "*" at one end',
  );

export const namespacePattern = () =>
  text(/^(?:\*|\*?[a-z0-9-]+|[a-z0-9-]+\*)$/, 'a namespace, perhaps with "*" at one end');

export const serviceAccountPattern = () =>
  text(
    /^(?:[a-z0-9-]+\/)?(?:\*|[a-z0-9.-]+)$/,
    'the name of a service account, or <namespace>/<name>, or <namespace>/*',
  );

export const addressBlock = () =>
  z
    .string()
    .max(64)
    .refine((block) => parseCidr(block) !== undefined, {
      error: 'malformed address range',
      params: { expected: 'an address, or addresses with prefix length, as in 10.0.0.0/8 or 2001:db8::/32' },
    });

export const hostPattern = () =>
  text(
    /^(?:\*|(?:\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)$/,
    'a lower-case host name such as shop.example.com, *.example.com or *, without port',
  );

/** Methods are case-sensitive (RFC 9110 §9.1), and all that anybody uses are upper case. */
export const methodName = () => text(/^[A-Z][A-Z0-9-]{0,31}$/, 'a method in upper case, as in GET');

export const grpcServicePattern = () =>
  text(
    /^(?:\*|\*?[A-Za-z_.][A-Za-z0-9_.]*|[A-Za-z_.][A-Za-z0-9_.]*\*)$/,
    'a service with its package, as in shop.v1.Cart or shop.v1.*',
  );

export const grpcMethodPattern = () =>
  text(
    /^(?:\*|\*?[A-Za-z_][A-Za-z0-9_]*|[A-Za-z_][A-Za-z0-9_]*\*)$/,
    'the bare name of a method, as in AddItem or Get*',
  );

/** A path as requests are matched by it: `/a`, `/a/*`, `*.json`, or with open segments as in `/users/{*}`. */
export const pathPattern = () => z.string().min(1).max(1024).check(rule<string>([], objectToPath));

/** A path without anything open. */
export const exactPath = () =>
  z
    .string()
    .min(1)
    .max(1024)
    .check(
      rule<string>([], function* (path) {
        if (/[*{}]/.test(path))
          yield { path: [], message: `path ${quote(path)} is not exact`, expected: 'one path, without "*"' };
        else yield* objectToPath(path);
      }),
    );

function* objectToPath(declared: string): Iterable<Objection> {
  if (declared === '*') return;
  if (declared.includes('?'))
    yield { path: [], message: `path ${quote(declared)} has a query`, expected: 'a path alone' };
  else if (/[{}]/.test(declared)) yield* objectToTemplate(declared);
  else if (declared.slice(1, -1).includes('*') || /^\*.*\*$/.test(declared))
    yield {
      path: [],
      message: `path ${quote(declared)} has a "*" that is at neither end`,
      expected: 'one "*", or "{*}" for a segment',
    };
  else if (declared.startsWith('*')) yield* objectToLiteral(`/x${declared.slice(1)}`, declared);
  else yield* objectToLiteral(declared.replace(/\*$/, ''), declared);
}

function* objectToTemplate(declared: string): Iterable<Objection> {
  const segments = declared.split('/');
  const isOpen = (segment: string) => segment === '{*}' || segment === '{**}';
  if (
    segments.some((segment) => !isOpen(segment) && /[{}*]/.test(segment)) ||
    segments.filter((one) => one === '{**}').length > 1
  ) {
    const expected = '"{*}" for one whole segment, and at most one "{**}" for any number of them';
    yield { path: [], message: `path ${quote(declared)} cannot be read as a template`, expected };
  } else yield* objectToLiteral(segments.map((segment) => (isOpen(segment) ? 'x' : segment)).join('/'), declared);
}

/** Requests are matched in normal form: what is not in it would match nothing. */
function* objectToLiteral(literal: string, declared: string): Iterable<Objection> {
  if (!literal.startsWith('/')) {
    yield {
      path: [],
      message: `path ${quote(declared)} is not absolute`,
      expected: 'a path that starts with "/", or a suffix that starts with "*"',
    };
    return;
  }
  const normal = normalizePath(literal);
  if (normal === null) {
    const expected = 'visible ASCII, others percent-encoded';
    yield { path: [], message: `path ${quote(declared)} holds a character that paths cannot have`, expected };
  } else if (normal !== literal) {
    const message = `path ${quote(declared)} is not in the form that requests are matched in`;
    yield { path: [], message, expected: 'no empty or dot segments, and only escapes that are needed, in upper case' };
  }
}
