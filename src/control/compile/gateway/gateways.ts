import type { Path } from '#model/field-path.ts';
import { controllerName } from '#model/gateway-class.ts';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { Problem } from '../../status.ts';
import { resolveCertificate } from '../certificate/certificates.ts';
import { error, warning, type Finding } from '../finding.ts';
import type { Lookups } from '../inventory.ts';
import { gatewayGroup } from '../route/route-kinds.ts';
import { distinctAddresses } from './addresses.ts';
import { planFrontend } from './client-validation.ts';
import { planListener, type Gateway, type ListenerPlan, type Planned } from './listeners.ts';

/** A gateway, before it is known what other gateways listen on. */
export interface GatewayPlan {
  readonly gateway: Gateway;
  /** `<namespace>/<name>`. */
  readonly name: string;
  /** False where another controller runs it: it is left alone. */
  readonly isOurs: boolean;
  /** Why nothing of it is served. */
  readonly refusals: readonly Problem[];
  /** Local addresses that do not overlap; '' for all. Never empty. */
  readonly addresses: readonly string[];
  readonly listeners: readonly ListenerPlan[];
  /** What is shown to backends that ask; null for none. */
  readonly clientCertificate: CertificateResource | null;
  /** Which of the references of the gateway as a whole lead nowhere; null where it has none. */
  readonly brokenReferences: readonly Problem[] | null;
  /** Whether some clients get in without the certificate that they are asked for. */
  readonly letsUnverifiedClientsIn: boolean;
}

/** The class that is Selvage's without being declared, so that a laptop needs one document less. */
export const builtInClass = 'selvage';

type Note = (path: Path, reason: string, message: string) => Problem;

/** Plans a gateway by itself. */
export function planGateway(gateway: Gateway, lookups: Lookups): Planned<GatewayPlan> {
  const { metadata, spec } = gateway;
  const name = `${metadata.namespace}/${metadata.name}`;
  const foreign = foreignClass(spec.gatewayClassName, lookups);
  if (foreign !== undefined) {
    const finding = warning(
      ['spec', 'gatewayClassName'],
      foreign.message,
      `${builtInClass}, or a GatewayClass of ${controllerName}`,
    );
    return { plan: foreignPlan(gateway, name, foreign), findings: [finding] };
  }
  const findings: Finding[] = [];
  const note: Note = (path, reason, message) => {
    findings.push(error(path, message));
    return { reason, message };
  };
  const refusals = refusalsOf(gateway, lookups, note);
  const frontend = planFrontend(gateway, lookups);
  const listeners = spec.listeners.map((_, i) => planListener(gateway, i, frontend, lookups));
  findings.push(...frontend.findings, ...listeners.flatMap((listener) => listener.findings));
  const addresses = spec.addresses.map(({ value }) => value ?? '');
  const plan = {
    gateway,
    name,
    isOurs: true,
    refusals,
    addresses: addresses.length === 0 ? [''] : distinctAddresses(addresses),
    listeners: listeners.map((listener) => listener.plan),
    letsUnverifiedClientsIn: frontend.isInsecure,
    ...clientCertificateOf(gateway, lookups, note),
  };
  return { plan, findings };
}

function foreignPlan(gateway: Gateway, name: string, refusal: Problem): GatewayPlan {
  return {
    gateway,
    name,
    isOurs: false,
    refusals: [refusal],
    addresses: [''],
    listeners: [],
    clientCertificate: null,
    brokenReferences: null,
    letsUnverifiedClientsIn: false,
  };
}

/** Without the certificate backends are still spoken to: those that ask for it refuse by themselves. */
function clientCertificateOf(
  { metadata, spec }: Gateway,
  lookups: Lookups,
  note: Note,
): Pick<GatewayPlan, 'clientCertificate' | 'brokenReferences'> {
  const ref = spec.tls?.backend?.clientCertificateRef;
  if (ref === undefined) return { clientCertificate: null, brokenReferences: null };
  const from = { group: gatewayGroup, kind: 'Gateway', namespace: metadata.namespace };
  const resolved = resolveCertificate(ref, from, lookups);
  if (!('reason' in resolved)) return { clientCertificate: resolved, brokenReferences: [] };
  const reason = resolved.reason === 'RefNotPermitted' ? resolved.reason : 'InvalidClientCertificateRef';
  const path = ['spec', 'tls', 'backend', 'clientCertificateRef'];
  return { clientCertificate: null, brokenReferences: [note(path, reason, resolved.message)] };
}

function foreignClass(name: string, lookups: Lookups): Problem | undefined {
  const declared = lookups.find('GatewayClass', '', name);
  if (declared === undefined) {
    if (name === builtInClass) return undefined;
    return { reason: 'Pending', message: `is not served: GatewayClass ${name} is not declared` };
  }
  if (declared.spec.controllerName === controllerName) return undefined;
  return {
    reason: 'Pending',
    message: `is not served here: GatewayClass ${name} belongs to ${declared.spec.controllerName}`,
  };
}

function refusalsOf({ spec }: Gateway, lookups: Lookups, note: Note): Problem[] {
  const refusals: Problem[] = [];
  if (lookups.find('GatewayClass', '', spec.gatewayClassName)?.spec.parametersRef !== undefined) {
    refusals.push({ reason: 'Pending', message: `GatewayClass ${spec.gatewayClassName} is not accepted` });
  }
  if (spec.infrastructure?.parametersRef !== undefined) {
    const path = ['spec', 'infrastructure', 'parametersRef'];
    refusals.push(note(path, 'InvalidParameters', parametersMessage(spec.infrastructure.parametersRef)));
  }
  for (const [i, { type, value }] of spec.addresses.entries()) {
    if (type === 'IPAddress') continue;
    const message = `address ${value ?? ''} is of type ${type}: only IPAddress is supported`;
    refusals.push(note(['spec', 'addresses', i, 'type'], 'UnsupportedAddress', message));
  }
  return refusals;
}

/** Says that there is no kind of parameters. */
export function parametersMessage({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `no kind of parameters is supported, and parametersRef names ${kind} ${name}`;
}
