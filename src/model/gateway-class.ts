import * as z from 'zod';
import { group, kindName, namespaceName, objectName } from './schema/field.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';

/** The controller name by which a GatewayClass says that its gateways are Selvage's. */
export const controllerName = 'selvage.dev/gateway-controller';

const fields = {
  spec: z.strictObject({
    controllerName: z
      .string()
      .min(1)
      .max(253)
      .regex(
        /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/,
        `a DNS name, "/" and a path, as in "${controllerName}"`,
      )
      .describe(`Who runs the gateways of this class; Selvage answers to "${controllerName}".`),
    description: z.string().max(64).optional().describe('What the class is for, in a few words.'),
    parametersRef: z
      .strictObject({
        group: group().describe('API group of the referent.'),
        kind: kindName().describe('Kind of the referent.'),
        name: objectName().describe('Name of the referent.'),
        namespace: namespaceName().optional().describe('Namespace of the referent; absent for a cluster-scoped one.'),
      })
      .optional()
      .describe('A resource with settings for all gateways of the class.'),
  }),
};

/** A class of gateways and the controller that runs them. */
export type GatewayClass = ResourceWith<'GatewayClass', 'gateway.networking.k8s.io/v1', typeof fields>;

export const gatewayClassKind = defineKind({
  name: 'GatewayClass',
  description: 'A class of gateways and the controller that runs them.',
  apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
  scope: 'Cluster',
  fields,
});
