/** The way from a document's root to one of its fields. */
export type Path = readonly (string | number)[];

/** Keys that read well after a dot; any other is quoted in brackets. */
const plainKey = /^[A-Za-z_$][\w$-]*$/;

/**
 * Writes a path the way operators know it from Kubernetes.
 *
 * @returns for example `metadata.labels["app.kubernetes.io/name"]` or `spec.rules[0].name`
 */
export function formatFieldPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!plainKey.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
