import { controllerName } from '#model/gateway-class.ts';
import type { Path } from '#model/field-path.ts';
import type { Problem } from '../status.ts';
import { distinctAddresses } from './addresses.ts';
import { error, warning, type Finding } from './finding.ts';
import type { Lookups } from './inventory.ts';
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
}

/** The class that is Selvage's without being declared, so that a laptop needs one document less. */
export const builtInClass = 'selvage';

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
    return {
      plan: { gateway, name, isOurs: false, refusals: [foreign], addresses: [''], listeners: [] },
      findings: [finding],
    };
  }
  const findings: Finding[] = [];
  const note = (path: Path, reason: string, message: string): Problem => {
    findings.push(error(path, message));
    return { reason, message };
  };
  const refusals = refusalsOf(gateway, lookups, note);
  const listeners = spec.listeners.map((_, i) => planListener(gateway, i, lookups));
  findings.push(...listeners.flatMap((listener) => listener.findings));
  if (spec.tls?.backend?.clientCertificateRef !== undefined) {
    findings.push(
      warning(
        ['spec', 'tls', 'backend'],
        'no certificate is shown to backends: TLS towards backends is not supported yet',
      ),
    );
  }
  const addresses = spec.addresses.map(({ value }) => value ?? '');
  const plan = {
    gateway,
    name,
    isOurs: true,
    refusals,
    addresses: addresses.length === 0 ? [''] : distinctAddresses(addresses),
    listeners: listeners.map((listener) => listener.plan),
  };
  return { plan, findings };
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

function refusalsOf(
  { spec }: Gateway,
  lookups: Lookups,
  note: (path: Path, reason: string, message: string) => Problem,
): Problem[] {
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
