import { valuesPerSeries, type FamilySnapshot, type MetricSnapshot } from './metric-snapshot.ts';
import { METRIC_TABLE, metricEntry, type MetricEntry, type MetricName } from './metric-table.ts';

/** A way to write metrics down. */
export interface ExpositionFormat {
  readonly contentType: string;
  readonly isOpenMetrics: boolean;
}

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const TEXT_FORMAT: ExpositionFormat = Object.freeze({
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  isOpenMetrics: false,
});

/** @see https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md */
export const OPEN_METRICS_FORMAT: ExpositionFormat = Object.freeze({
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  isOpenMetrics: true,
});

/** @param accept the `Accept` field; OpenMetrics is for those who ask for it by name, and do not prefer plain text */
export const chooseFormat = (accept: string | undefined): ExpositionFormat => {
  const openMetrics = weightOf(accept ?? '', 'application/openmetrics-text') ?? 0;
  const text = weightOf(accept ?? '', 'text/plain') ?? 0;
  return openMetrics > 0 && openMetrics >= text ? OPEN_METRICS_FORMAT : TEXT_FORMAT;
};

/** @returns the weight of a media type in `Accept` (RFC 9110 §12.4.2), the greatest where it is named several times */
const weightOf = (accept: string, mediaType: string): number | null => {
  let weight: number | null = null;
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim());
    if (type !== mediaType) continue;
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weight = Math.max(weight ?? 0, q === undefined ? 1 : Number(q) || 0);
  }
  return weight;
};

/** @returns metrics in the given format, in the order of the declarations; those without a series are left out */
export const encodeMetrics = (snapshot: MetricSnapshot, format: ExpositionFormat): string => {
  const byName = new Map(snapshot.families.map((family) => [family.name, family]));
  const lines: string[] = [];
  for (const name of Object.keys(METRIC_TABLE) as MetricName[]) {
    const family = byName.get(name);
    if (family !== undefined && family.labels.length > 0) encodeFamily(family, format, lines);
  }
  if (format.isOpenMetrics) lines.push('# EOF');
  return `${lines.join('\n')}\n`;
};

const encodeFamily = (family: FamilySnapshot, { isOpenMetrics }: ExpositionFormat, lines: string[]): void => {
  const entry = metricEntry(family.name);
  // OpenMetrics names a counter's family without the suffix of its samples.
  const name = isOpenMetrics && entry.type === 'counter' ? family.name.replace(/_total$/, '') : family.name;
  lines.push(`# HELP ${name} ${escapeHelp(entry.help)}`, `# TYPE ${name} ${entry.type}`);
  if (isOpenMetrics && entry.unit !== '') lines.push(`# UNIT ${name} ${entry.unit}`);
  const width = valuesPerSeries(entry);
  for (const [i, values] of family.labels.entries()) {
    const pairs = entry.labels.map((label, at) => `${label}="${escapeLabel(values[at]!)}"`).join(',');
    if (entry.buckets === undefined) lines.push(sample(family.name, pairs, family.values[i]!));
    else encodeHistogram(entry, family, i * width, pairs, isOpenMetrics, lines);
  }
};

/** The format's buckets are cumulative; the snapshot's are not. */
const encodeHistogram = (
  entry: MetricEntry,
  { name, values }: FamilySnapshot,
  at: number,
  pairs: string,
  isOpenMetrics: boolean,
  lines: string[],
): void => {
  const prefix = pairs === '' ? '' : `${pairs},`;
  let below = 0;
  for (const [i, bound] of entry.buckets!.entries()) {
    below += values[at + 2 + i]!;
    // OpenMetrics: a bound is written as the floating point number that it is.
    const le = isOpenMetrics && Number.isInteger(bound) ? `${bound}.0` : String(bound);
    lines.push(sample(`${name}_bucket`, `${prefix}le="${le}"`, below));
  }
  lines.push(
    sample(`${name}_bucket`, `${prefix}le="+Inf"`, values[at]!),
    sample(`${name}_sum`, pairs, values[at + 1]!),
    sample(`${name}_count`, pairs, values[at]!),
  );
};

const sample = (name: string, pairs: string, value: number): string =>
  pairs === '' ? `${name} ${numberText(value)}` : `${name}{${pairs}} ${numberText(value)}`;

const numberText = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';

const escapeLabel = (text: string): string =>
  /["\\\n]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : text;

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
