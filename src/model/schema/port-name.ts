import * as z from 'zod';

/** An IANA service name (RFC 6335 §5.1): what a port may be called where it is referred to by name. */
export const ianaPortName = () =>
  z
    .string()
    .min(1)
    .max(15)
    .regex(
      /^(?=.*[a-z])[a-z0-9](-?[a-z0-9])*$/,
      'a port name of lower-case letters, digits and single "-", with a letter',
    );

/** What is spoken on a port; Kubernetes leaves the words open, so that unknown ones are opaque and not wrong. */
export const appProtocol = () =>
  z
    .string()
    .max(253)
    .regex(
      /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/,
      'a protocol such as http, grpc or kubernetes.io/h2c',
    );

/** Transport protocols of the Kubernetes API; only TCP is proxied. */
export const transportProtocol = () => z.enum(['TCP', 'UDP', 'SCTP']).default('TCP');
