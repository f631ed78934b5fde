import * as z from 'zod';
import { mtlsMode } from './policy/mtls-mode.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';

/** Name of the one Mesh that counts: a control plane has one mesh. */
export const meshName = 'default';

const fields = {
  spec: z.strictObject({
    outbound: z
      .enum(['AllowAny', 'RegistryOnly'])
      .default('AllowAny')
      .describe(
        'What becomes of calls to hosts that are neither a service of the mesh nor a declared Backend. ' +
          'AllowAny: they pass as they are. RegistryOnly: they are refused with 502.',
      ),
    mtls: z
      .strictObject({ mode: mtlsMode().default('STRICT') })
      .prefault({})
      .describe('What workloads take from callers, where no PeerAuthentication says otherwise.'),
  }),
};

/** What holds for all workloads of a mesh. */
export type Mesh = ResourceWith<'Mesh', 'selvage.dev/v1alpha1', typeof fields>;

export const meshKind = defineKind({
  name: 'Mesh',
  description: 'What holds for all workloads of a mesh. Only the one named default counts.',
  apiVersions: ['selvage.dev/v1alpha1'],
  scope: 'Cluster',
  fields,
  *cautionsOf({ metadata }) {
    if (metadata.name !== meshName)
      yield { path: ['metadata', 'name'], message: 'has no effect: a control plane has one Mesh', expected: meshName };
  },
});
