/**
 * Tells which declared object a route resource was compiled from.
 *
 * @param resource name of the resource; behind a `#` stands what tells it from others of the same object
 * @returns for example `HTTPRoute/shop/web`
 */
export function declaredRoute(resource: string): string {
  const end = resource.indexOf('#');
  return end === -1 ? resource : resource.slice(0, end);
}

/**
 * Tells what ties between routes are settled by, whatever their kinds are.
 *
 * @returns for example `shop/web` of `HTTPRoute/shop/web`
 */
export function placeOfRoute(resource: string): string {
  const object = declaredRoute(resource);
  return object.slice(object.indexOf('/') + 1);
}

/**
 * Names the declared object for people.
 *
 * @returns for example `HTTPRoute shop/web`
 */
export function titleOfRoute(resource: string): string {
  return declaredRoute(resource).replace('/', ' ');
}
