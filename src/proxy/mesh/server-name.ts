/** What a connection between sidecars is for. */
export interface MeshDestination {
  /** The application's. */
  readonly port: number;
  readonly service: { readonly name: string; readonly namespace: string };
}

/** Labels of host names (RFC 1123 §2.1), as Kubernetes has them for services and namespaces. */
const SERVER_NAME = /^([1-9][0-9]{0,4})\.([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.svc$/;

/**
 * The server name that says, within the handshake, which port and service a connection is for: the sidecar that accepts
 * it knows before any request.
 *
 * @returns for example `8080.catalog.shop.svc`
 */
export const meshServerName = ({ port, service: { name, namespace } }: MeshDestination): string =>
  `${port}.${name}.${namespace}.svc`;

/** @returns null where it is no name that {@link meshServerName} makes */
export const parseMeshServerName = (text: string): MeshDestination | null => {
  const [, port, name, namespace] = SERVER_NAME.exec(text) ?? [];
  if (port === undefined || name === undefined || namespace === undefined || Number(port) > 65_535) return null;
  return { port: Number(port), service: { name, namespace } };
};
