import * as z from 'zod';
import { durationPattern, parseDurationMs } from '../duration.ts';
import { rule } from './rule.ts';

/*
 * The vocabulary that kinds are built from. Patterns and limits are the Kubernetes API's own; a pattern's message says
 * what the value should be, worded to follow "expected".
 */

/** Made once and shared: the schemas of hundreds of fields are most of what loading takes of memory. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;

export const dnsLabelPattern = new RegExp(`^${label}$`);
export const dnsSubdomainPattern = new RegExp(`^${subdomain}$`);

/** A name of at most 253 characters made of DNS labels (RFC 1123). */
export const dnsSubdomain = once(() =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(dnsSubdomainPattern, 'lower-case letters, digits, "-" and "." only, as in "shop.example"'),
);

/** A name of at most 63 characters without dots (RFC 1123). */
export const dnsLabel = once(() =>
  z.string().min(1).max(63).regex(dnsLabelPattern, 'lower-case letters, digits and "-" only, as in "shop-1"'),
);

/** The name of a referenced object; what is legal depends on its kind. */
export const objectName = once(() => z.string().min(1).max(253));

export const namespaceName = once(() => dnsLabel());
export const sectionName = once(() => dnsSubdomain());

/** An API group; empty for the core group. */
export const group = once(() =>
  z
    .string()
    .max(253)
    .regex(
      new RegExp(`^$|^${subdomain}$`),
      'an API group such as "gateway.networking.k8s.io", or "" for the core group',
    ),
);

export const kindName = once(() =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/, 'a kind such as Service'),
);

export const port = once(() => z.int().min(1).max(65_535));

export const hostname = once(() =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(
      new RegExp(`^(\\*\\.)?${subdomain}$`),
      'a lower-case host name such as shop.example.com or *.example.com, without port',
    ),
);

export const preciseHostname = once(() =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(dnsSubdomainPattern, 'a lower-case host name such as shop.example.com, without wildcard and port'),
);

export const duration = once(() => z.string().regex(durationPattern, 'a duration such as 500ms, 10s or 1h30m'));

/** A duration where none at all would make no sense. */
export const positiveDuration = once(() =>
  duration().check(
    rule([], function* (text) {
      if (durationPattern.test(text) && parseDurationMs(text) === 0)
        yield { path: [], message: `found ${text}`, expected: 'a duration longer than zero' };
    }),
  ),
);

/** The name of an HTTP field: a token of RFC 9110 §5.6.2. */
export const headerName = once(() =>
  z
    .string()
    .min(1)
    .max(256)
    .regex(/^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$/, 'a header name: letters, digits and "-", without colon'),
);

const qualifiedName = new RegExp(`^(${subdomain}/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$`);

/**
 * The key of a label or an annotation.
 *
 * @param maxPrefixLength longest DNS prefix before the "/", in characters
 */
export const qualifiedKey = (maxPrefixLength = 253) =>
  z
    .string()
    .regex(
      qualifiedName,
      'an optional DNS prefix with "/", then a name of at most 63 letters, digits, "-", "_" and "."',
    )
    .refine((key) => key.indexOf('/') <= maxPrefixLength, {
      error: `a DNS prefix of at most ${maxPrefixLength} characters`,
    });

export const labelValue = once(() =>
  z
    .string()
    .max(63)
    .regex(
      /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
      'at most 63 letters, digits, "-", "_" and "."; first and last a letter or digit',
    ),
);

export const labels = once(() => z.record(qualifiedKey(), labelValue()));

/** A map with a bounded number of entries. */
export function limitedMap<K extends z.ZodString, V extends z.ZodType>(key: K, value: V, maxEntries: number) {
  return z.record(key, value).check(
    rule([], function* (map) {
      const count = Object.keys(map).length;
      if (count > maxEntries)
        yield { path: [], message: `found ${count} entries`, expected: `at most ${maxEntries} entries` };
    }),
  );
}

/** A field that an exported object carries and that means nothing here. */
export const ignored = () => z.unknown().optional();
