import type { ExchangeRecord, MeshHop } from './exchange-record.ts';

/** What Istio says where a label has no value. */
const UNKNOWN = 'unknown';

/** What tells who talks with whom, of a request as of a connection that is passed on as it is. */
type Talk = Pick<ExchangeRecord, 'cluster' | 'listener'> & { readonly hop?: MeshHop | null | undefined };

/** Istio's labels from `reporter` to `destination_service_namespace`, in the order of the metric table. */
export const partyLabels = (record: Talk): readonly string[] =>
  record.hop === null || record.hop === undefined ? gatewayLabels(record) : meshLabels(record, record.hop);

/** Istio's `connection_security_policy`. */
export const securityOf = ({ hop }: Talk): string => hop?.security ?? 'none';

/** A gateway is the source of what it sends, so that its traffic shows beside that of the mesh. */
const gatewayLabels = (record: Talk): readonly string[] => {
  const [namespace, gateway] = gatewayName(record);
  const service = record.cluster?.service;
  return [
    'source',
    gateway,
    namespace,
    UNKNOWN,
    UNKNOWN,
    UNKNOWN,
    destinationService(record),
    service?.name ?? UNKNOWN,
    service?.namespace ?? UNKNOWN,
  ];
};

/** Of what goes between sidecars. */
const meshLabels = (
  record: Pick<ExchangeRecord, 'cluster'>,
  { reporter, source, destination, service }: MeshHop,
): readonly string[] => [
  reporter,
  orUnknown(source.workload),
  orUnknown(source.namespace),
  orUnknown(source.principal),
  orUnknown(destination.workload),
  orUnknown(destination.principal),
  // Who sends knows whether it is a Service at all.
  service === null || reporter === 'source'
    ? destinationService(record)
    : `${service.name}.${service.namespace}.svc.cluster.local`,
  service?.name ?? record.cluster?.service.name ?? UNKNOWN,
  service?.namespace ?? record.cluster?.service.namespace ?? UNKNOWN,
];

const orUnknown = (text: string): string => (text === '' ? UNKNOWN : text);

/** @returns namespace and name of the gateway that a record is of */
const gatewayName = (record: Pick<ExchangeRecord, 'listener'>): readonly [namespace: string, name: string] => {
  const full = record.listener?.gateway;
  if (full === undefined) return [UNKNOWN, UNKNOWN];
  const slash = full.indexOf('/');
  return [full.slice(0, Math.max(slash, 0)), full.slice(slash + 1)];
};

/** A `Service` has its DNS name of the cluster; any other backend only its own name. */
const destinationService = (record: Pick<ExchangeRecord, 'cluster'>): string => {
  if (record.cluster === null) return UNKNOWN;
  const { name, namespace } = record.cluster.service;
  return record.cluster.name.startsWith('Service/') ? `${name}.${namespace}.svc.cluster.local` : name;
};
