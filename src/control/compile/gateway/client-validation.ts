import type { Path } from '#model/field-path.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { ClientValidation } from '#model/snapshot/listener.ts';
import type { Problem } from '../../status.ts';
import { resolveAuthorities, type AuthorityHolder } from '../certificate/authorities.ts';
import { error, warning, type Finding } from '../finding.ts';
import type { Lookups } from '../inventory.ts';
import { gatewayGroup } from '../route/route-kinds.ts';

type Gateway = ResourceOf<'Gateway'>;
type Validation = NonNullable<
  NonNullable<NonNullable<NonNullable<Gateway['spec']['tls']>['frontend']>['default']>['validation']
>;

/** What is asked of the clients of some HTTPS listeners. */
export interface ClientCheck {
  /** Null where no authority is known: to serve all the same would let everybody in. */
  readonly validation: ClientValidation | null;
  readonly holders: readonly AuthorityHolder[];
  readonly brokenReferences: readonly Problem[];
}

/** `spec.tls.frontend` of a gateway. */
export interface FrontendPlan {
  /** Undefined where clients are asked for nothing. */
  checkFor(port: number): ClientCheck | undefined;
  /** Whether some clients get in without a valid certificate although one is asked for. */
  readonly isInsecure: boolean;
  readonly findings: readonly Finding[];
}

/** Resolves once what many listeners share. */
export function planFrontend(gateway: Gateway, lookups: Lookups): FrontendPlan {
  const { tls, listeners } = gateway.spec;
  const findings: Finding[] = [];
  const checks: ClientCheck[] = [];
  const check = (validation: Validation | undefined, path: Path): ClientCheck | undefined => {
    if (validation === undefined) return undefined;
    const made = checkClients(validation, [...path, 'validation'], gateway, lookups, findings);
    checks.push(made);
    return made;
  };
  const root = ['spec', 'tls', 'frontend'];
  const byPort = new Map<number, ClientCheck | undefined>();
  for (const [i, { port, tls: own }] of (tls?.frontend?.perPort ?? []).entries()) {
    byPort.set(port, check(own.validation, [...root, 'perPort', i, 'tls']));
    if (!listeners.some((listener) => listener.port === port && listener.protocol === 'HTTPS'))
      findings.push(warning([...root, 'perPort', i, 'port'], 'has no effect: no HTTPS listener has this port'));
  }
  const usual = check(tls?.frontend?.default.validation, [...root, 'default']);
  const opaque = listeners.filter(({ protocol, tls: own }) => protocol === 'TLS' && own?.mode === 'Terminate');
  if (usual !== undefined && opaque.length > 0) {
    const names = opaque.map(({ name }) => name).join(', ');
    findings.push(
      warning([...root, 'default'], `clients of listener ${names} are not checked: only those of HTTPS are`),
    );
  }
  return {
    checkFor: (port) => (byPort.has(port) ? byPort.get(port) : usual),
    isInsecure: checks.some(({ validation }) => validation?.optional === true),
    findings,
  };
}

function checkClients(
  { caCertificateRefs, mode }: Validation,
  path: Path,
  { metadata }: Gateway,
  lookups: Lookups,
  findings: Finding[],
): ClientCheck {
  const from = { group: gatewayGroup, kind: 'Gateway', namespace: metadata.namespace };
  const { certificates, holders, broken } = resolveAuthorities(
    caCertificateRefs,
    from,
    'InvalidCACertificateKind',
    lookups,
  );
  for (const [i, { message }] of broken) findings.push(error([...path, 'caCertificateRefs', i], message));
  const optional = mode === 'AllowInsecureFallback';
  if (optional) {
    const message = 'lets clients in whose certificate is missing or not valid: backends must tell them apart';
    findings.push(warning([...path, 'mode'], message, 'AllowValidOnly'));
  }
  return {
    validation: certificates === '' ? null : { caCertificates: certificates, optional },
    holders,
    brokenReferences: [...broken.values()],
  };
}
