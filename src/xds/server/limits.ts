/** What a proxy may make the discovery server hold. */
export interface DiscoveryLimits {
  /**
   * Octets of a request.
   * @defaultValue 4194304 (4 MiB: the versions of 40,000 resources of a gateway that comes back)
   */
  readonly requestBytes: number;
  /**
   * Octets at which a response ends and another one follows, where it has more than one resource.
   * @defaultValue 1048576 (1 MiB; gRPC clients take 4 MiB by default)
   */
  readonly responseBytes: number;
  /**
   * Responses to one proxy that were not answered yet: what changes beyond waits, and is then sent in its newest version.
   * @defaultValue 8
   */
  readonly outstandingResponses: number;
  /**
   * Names of one type that a proxy may subscribe to one by one.
   * @defaultValue 20000
   */
  readonly namesPerType: number;
}

export const DEFAULT_DISCOVERY_LIMITS: DiscoveryLimits = Object.freeze({
  requestBytes: 4 * 1024 * 1024,
  responseBytes: 1024 * 1024,
  outstandingResponses: 8,
  namesPerType: 20_000,
});
