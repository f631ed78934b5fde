/**
 * Intersects the host names of a route with the one of a listener.
 *
 * @param listener exact, `*.example.com`, or '' for any
 * @param route exact or with a wildcard; empty for any
 * @returns the more specific one of each pair that fits, `*` where both say any; empty where nothing fits
 * @see https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec `hostnames`
 */
export function intersectHostnames(listener: string, route: readonly string[]): readonly string[] {
  if (route.length === 0) return [listener === '' ? '*' : listener];
  const fitting = new Set<string>();
  for (const hostname of route) {
    const both = narrower(listener, hostname);
    if (both !== undefined) fitting.add(both);
  }
  return [...fitting];
}

function narrower(listener: string, route: string): string | undefined {
  if (listener === '' || listener === route) return route;
  if (covers(listener, route)) return route;
  return covers(route, listener) ? listener : undefined;
}

/** Whether a wildcard stands for everything that the other name does: one label or more, never none. */
function covers(wildcard: string, name: string): boolean {
  if (!wildcard.startsWith('*.')) return false;
  const suffix = wildcard.slice(1);
  return name.endsWith(suffix) && name.length > suffix.length;
}

/** Whether some host is meant by both lists. */
export function hostnamesOverlap(some: readonly string[], others: readonly string[]): boolean {
  const overlap = (a: string, b: string) => a === '*' || b === '*' || narrower(a, b) !== undefined;
  return some.some((a) => others.some((b) => overlap(a, b)));
}
