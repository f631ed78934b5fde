import * as z from 'zod';

/** What is taken from callers that show no identity. */
export const mtlsMode = () =>
  z
    .enum(['STRICT', 'PERMISSIVE'])
    .describe(
      'STRICT: callers show who they are by mutual TLS, or are refused. ' +
        'PERMISSIVE: callers outside of the mesh are served too, as nobody in particular.',
    );
