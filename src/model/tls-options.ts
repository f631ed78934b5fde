import { type Objection, rule } from './schema/rule.ts';
import { choices, quote } from './schema/wording.ts';

/** The key in `tls.options` of a listener that says which version of TLS clients must speak at least. */
export const minVersionOption = 'selvage.dev/min-version';

/** Versions of TLS that are spoken; earlier ones are forbidden (RFC 8996). */
export const tlsVersions = ['1.2', '1.3'] as const;

export type TlsVersion = (typeof tlsVersions)[number];

type Options = Readonly<Record<string, string>>;

/** Settings that secure something are never passed over: a value that means nothing is an error. */
export const tlsOptionsAreUsable = rule<Options>([], function* (options) {
  const version = options[minVersionOption];
  if (version === undefined || isVersion(version)) return;
  const message = `unknown value ${quote(version)}`;
  yield { path: [minVersionOption], message, expected: choices(version, tlsVersions) };
});

/** Names the options that nobody reads. */
export function* cautionsAboutTlsOptions(options: Options): Iterable<Objection> {
  for (const key of Object.keys(options)) {
    if (key === minVersionOption) continue;
    yield { path: [key], message: 'unknown option: it has no effect', expected: choices(key, [minVersionOption]) };
  }
}

/**
 * Reads the lowest version of TLS that clients may speak.
 *
 * @defaultValue 1.2, which every client of the last decade speaks (RFC 9325 §3.1.1)
 */
export function minTlsVersion(options: Options): TlsVersion {
  const version = options[minVersionOption] ?? '';
  return isVersion(version) ? version : '1.2';
}

function isVersion(text: string): text is TlsVersion {
  return (tlsVersions as readonly string[]).includes(text);
}
