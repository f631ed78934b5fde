/*
 * Says what is wrong with plain JSON that should be of a certain form. Without a library, since each sidecar has it in
 * memory. What is not named is let through: a newer control plane may say more than this proxy knows of.
 */

/** @returns what is wrong, as in `.limits.requests is no number`; '' where nothing is */
export type Check = (value: unknown) => string;

export const text: Check = (value) => (typeof value === 'string' ? '' : ' is no text');
export const flag: Check = (value) => (typeof value === 'boolean' ? '' : ' is neither true nor false');
export const number: Check = (value) => (Number.isFinite(value) ? '' : ' is no number');
export const port: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535 ? '' : ' is no port';

/** One of some texts or numbers. */
export const oneOf =
  (...values: readonly (string | number)[]): Check =>
  (value) =>
    values.includes(value as string) ? '' : ` is none of ${values.join(', ')}`;

export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? '' : check(value);

/** For what may be left out. */
export const orAbsent =
  (check: Check): Check =>
  (value) =>
    value === undefined ? '' : check(value);

export const list =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return ' is no list';
    for (const [i, item] of value.entries()) {
      const problem = check(item);
      if (problem !== '') return `[${i}]${problem}`;
    }
    return '';
  };

/** A check for each field of `T`, so that a field that is added to the type must be given its own. */
export type Shape<T> = { readonly [K in keyof T]-?: Check };

export const fields = <T>(shape: Shape<T>): Check => {
  const checks = Object.entries<Check>(shape);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return ' is no object';
    for (const [name, check] of checks) {
      const problem = check((value as Readonly<Record<string, unknown>>)[name]);
      if (problem !== '') return `.${name}${problem}`;
    }
    return '';
  };
};

/** Objects whose form depends on their `type`. */
export const variants = (shapes: Readonly<Record<string, Check>>): Check => {
  const known = new Map(Object.entries(shapes));
  return (value) => {
    const type = (value as { readonly type?: unknown } | null | undefined)?.type;
    const check = typeof type === 'string' ? known.get(type) : undefined;
    return check === undefined ? `.type is none of ${[...known.keys()].join(', ')}` : check(value);
  };
};
