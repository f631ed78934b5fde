import * as z from 'zod';
import { ipVersion } from './schema/ip-address.ts';
import { dnsLabel, dnsSubdomain, labels, port } from './schema/field.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { appProtocol, ianaPortName, transportProtocol } from './schema/port-name.ts';
import { rule, unique, uniqueNames } from './schema/rule.ts';

const servicePort = z.strictObject({
  name: dnsLabel().optional().describe('Name, unique within the service; required where there are several ports.'),
  protocol: transportProtocol().describe('Transport protocol.'),
  appProtocol: appProtocol()
    .optional()
    .describe('What is spoken: http, https, grpc, tcp, kubernetes.io/h2c, kubernetes.io/ws, …; absent: detected.'),
  port: port().describe('Port that clients use.'),
  targetPort: z
    .union([port(), ianaPortName()], { error: 'a port number from 1 to 65535, or the name of a port of the workload' })
    .optional()
    .describe('Port of the workload, by number or name; absent: the same as `port`.'),
  nodePort: z.int().min(0).max(65_535).optional().describe('Port on every node, in a cluster.'),
});

type ServicePort = z.output<typeof servicePort>;

const ipAddress = () =>
  z.string().refine((text) => ipVersion(text) !== undefined, { error: 'not an IPv4 or IPv6 address' });
const clusterIP = () =>
  z.string().refine((text) => text === '' || text === 'None' || ipVersion(text) !== undefined, {
    error: 'malformed cluster address',
    params: { expected: 'an IP address, "None" for a headless service, or ""' },
  });

const namesWherePlural = rule<ServicePort[]>(['*.name'], function* (ports) {
  for (const [i, { name }] of ports.entries()) {
    if (ports.length > 1 && name === undefined) {
      yield {
        path: [i, 'name'],
        message: 'required where a service has several ports',
        expected: 'a name, unique within the service',
      };
    }
  }
});

const uniquePorts = unique<ServicePort>(
  ['*.port', '*.protocol'],
  ['port'],
  ({ port: number, protocol }) => `${protocol} ${number}`,
  ({ port: number, protocol }) => `${protocol} port ${number}`,
);

const specFields = {
  type: z
    .enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'])
    .default('ClusterIP')
    .describe('How the service is reached; ExternalName: it stands for a DNS name.'),
  ports: z
    .array(servicePort)
    .max(1000)
    .check(namesWherePlural, uniqueNames, uniquePorts)
    .default([])
    .describe('Ports of the service.'),
  selector: labels()
    .default({})
    .describe('Labels of the workloads behind it; empty: endpoints come from EndpointSlices.'),
  clusterIP: clusterIP().optional().describe('Virtual address; None for a headless service.'),
  clusterIPs: z.array(clusterIP()).max(2).default([]).describe('Virtual addresses, one per IP family.'),
  ipFamilies: z
    .array(z.enum(['IPv4', 'IPv6']))
    .max(2)
    .default([])
    .describe('IP families, the first preferred.'),
  ipFamilyPolicy: z
    .enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
    .optional()
    .describe('How many IP families.'),
  externalName: dnsSubdomain().optional().describe('DNS name that the service stands for; for type ExternalName.'),
  externalIPs: z.array(ipAddress()).default([]).describe('Addresses from outside that lead to the service.'),
  externalTrafficPolicy: z.enum(['Cluster', 'Local']).optional().describe('Where traffic from outside may go.'),
  internalTrafficPolicy: z.enum(['Cluster', 'Local']).optional().describe('Where traffic from inside may go.'),
  trafficDistribution: z.string().max(253).optional().describe('Which endpoints are preferred, as in PreferSameZone.'),
  publishNotReadyAddresses: z.boolean().default(false).describe('Whether endpoints count that are not ready.'),
  sessionAffinity: z.enum(['None', 'ClientIP']).default('None').describe('Whether a client stays with an endpoint.'),
  sessionAffinityConfig: z
    .strictObject({
      clientIP: z
        .strictObject({ timeoutSeconds: z.int().min(1).max(86_400).optional().describe('How long, in seconds.') })
        .optional()
        .describe('Settings for ClientIP.'),
    })
    .optional()
    .describe('How long a client stays.'),
  loadBalancerIP: z.string().max(253).optional().describe('Wished address of a load balancer, in a cluster.'),
  loadBalancerClass: z.string().max(253).optional().describe('Who makes the load balancer, in a cluster.'),
  loadBalancerSourceRanges: z.array(z.string().max(64)).default([]).describe('Client address ranges, in a cluster.'),
  allocateLoadBalancerNodePorts: z.boolean().optional().describe('Whether node ports are taken, in a cluster.'),
  healthCheckNodePort: z.int().min(0).max(65_535).optional().describe("Port of a node's health check, in a cluster."),
};

type ServiceSpecFields = z.output<z.ZodObject<typeof specFields>>;

const isHeadless = ({ clusterIP: address }: ServiceSpecFields) => address === 'None';

const typeRules = rule<ServiceSpecFields>(['type', 'ports', 'externalName', 'clusterIP'], function* (spec) {
  if (spec.type === 'ExternalName') {
    if (spec.externalName === undefined)
      yield { path: ['externalName'], message: 'required for type ExternalName', expected: 'a DNS name' };
    if (spec.clusterIP !== undefined && spec.clusterIP !== '') {
      yield { path: ['clusterIP'], message: 'must not be given for type ExternalName', expected: 'no cluster address' };
    }
  } else if (spec.ports.length === 0 && !isHeadless(spec)) {
    yield {
      path: ['ports'],
      message: 'required field is missing',
      expected: 'at least 1 item (only headless services have no ports)',
    };
  }
  if (isHeadless(spec) && (spec.type === 'NodePort' || spec.type === 'LoadBalancer')) {
    yield {
      path: ['clusterIP'],
      message: `a service of type ${spec.type} cannot be headless`,
      expected: 'an IP address, or no clusterIP',
    };
  }
});

const fields = {
  spec: z.strictObject(specFields).check(typeRules),
};

/** A name for a group of workloads, and the ports under which clients reach them. */
export type Service = ResourceWith<'Service', 'v1', typeof fields>;

export const serviceKind = defineKind({
  name: 'Service',
  description: 'A name for a group of workloads, and the ports under which clients reach them.',
  apiVersions: ['v1'],
  metadataName: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, 'at most 63 lower-case letters, digits and "-", a letter first (RFC 1035)'),
  fields,
  complete: ({ spec }) => ({
    spec: {
      ...spec,
      ports: spec.ports.map((declared) => ({ ...declared, targetPort: declared.targetPort ?? declared.port })),
    },
  }),
});
