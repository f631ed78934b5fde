/** The part of JSON Schema that kinds are described with. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** One field, as a row of its kind's table says it. */
export interface FieldRow {
  /** From the object's root; `[]` stands for each item, `.*` for each entry of a map. */
  readonly path: string;
  readonly isRequired: boolean;
  readonly type: string;
  /** '' where there is none. */
  readonly limits: string;
  /** As JSON; '' where there is none. */
  readonly defaultValue: string;
  readonly description: string;
}

/** Says in words what a pattern means, where it is one of the common ones. */
export type PatternNames = ReadonlyMap<string, string>;

/** Lists the fields of a schema, each before those within it. */
export function fieldRows(schema: Schema, patterns: PatternNames, parent = ''): FieldRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    // A field without a type is one that exported objects carry and that means nothing here.
    if (field.type === undefined && field.anyOf === undefined) return [];
    const path = parent === '' ? name : `${parent}.${name}`;
    const row: FieldRow = {
      path,
      isRequired: schema.required?.includes(name) === true && field.default === undefined,
      type: typeOf(field),
      limits: limitsOf(field, patterns),
      defaultValue: field.default === undefined ? '' : JSON.stringify(field.default),
      description: field.description ?? '',
    };
    return [row, ...fieldRows(field, patterns, path), ...elementRows(field, patterns, path)];
  });
}

function elementRows({ items, additionalProperties }: Schema, patterns: PatternNames, path: string): FieldRow[] {
  const ofItems = items === undefined ? [] : fieldRows(items, patterns, `${path}[]`);
  return typeof additionalProperties === 'object'
    ? [...ofItems, ...fieldRows(additionalProperties, patterns, `${path}.*`)]
    : ofItems;
}

function typeOf({ type, items, additionalProperties, anyOf }: Schema): string {
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (type === 'array') return items === undefined ? 'list' : `list of ${typeOf(items)}`;
  if (type === 'object' && typeof additionalProperties === 'object') return `map of ${typeOf(additionalProperties)}`;
  return type ?? 'any';
}

function limitsOf(field: Schema, patterns: PatternNames): string {
  const { pattern, items } = field;
  const choices = field.enum ?? (field.const === undefined ? undefined : [field.const]);
  const limits = [
    choices?.map((choice) => (choice === '' ? 'empty' : `\`${String(choice)}\``)).join(', '),
    range(field.minimum, field.maximum, ''),
    range(field.minLength, field.maxLength, ' characters'),
    range(field.minItems, field.maxItems, ' items'),
    pattern === undefined ? undefined : (patterns.get(pattern) ?? `\`${pattern}\``),
    items === undefined || limitsOf(items, patterns) === '' ? undefined : `each: ${limitsOf(items, patterns)}`,
  ];
  return limits.filter((limit) => limit !== undefined).join('; ');
}

function range(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  const hasMost = most !== undefined && most < Number.MAX_SAFE_INTEGER;
  if (hasMost) return least === undefined || least === 0 ? `at most ${most}${unit}` : `${least} to ${most}${unit}`;
  return least === undefined ? undefined : `at least ${least}${unit}`;
}
