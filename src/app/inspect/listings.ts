import { durationText } from '#base/duration-text.ts';
import type { Listing } from '#cli/get.ts';
import { type CellTones, table } from '#cli/table.ts';
import type { Paint, Tone } from '#cli/terminal.ts';
import { titleOfRoute } from '#model/snapshot/route-name.ts';
import type { CertificateView } from '../control/certificate-views.ts';
import type { ServiceView, WorkloadView } from '../control/control-views.ts';
import type { ControlEvent } from '../control/event-log.ts';
import type { ObjectView } from '../control/views/object-view.ts';
import type { ProxyView } from '../control/views/proxy-view.ts';
import { conditionsOf, conditionText, isBad, titleOf } from './object-text.ts';

/** How one kind of rows is found, chosen and shown. */
interface ListingForm<Row> {
  /** Page of the admin API. */
  readonly page: string;
  readonly keep?: (row: Row) => boolean;
  /** What a row may be called. */
  readonly names: (row: Row) => readonly string[];
  /** '' where it has none. */
  readonly namespace: (row: Row) => string;
  readonly heads: readonly string[];
  readonly cells: (row: Row, nowMs: number) => readonly string[];
  /** What is wrong with a row, for lines of their own. */
  readonly problems?: (row: Row) => readonly string[];
}

const workloads: ListingForm<WorkloadView> = {
  page: 'workloads',
  names: ({ id, service }) => [id, service],
  namespace: ({ namespace }) => namespace,
  heads: ['id', 'namespace', 'service', 'address', 'ports', 'state', 'sync', 'principal'],
  cells: ({ id, namespace, service, gateway, address, ports, state, sync, principal }) => [
    id,
    namespace,
    service || (gateway === '' ? '-' : `Gateway ${gateway}`),
    address,
    ports.join(',') || '-',
    state,
    sync,
    principal,
  ],
  problems: ({ id, problems }) => problems.map((problem) => `${id}: ${problem}`),
};

const services: ListingForm<ServiceView> = {
  page: 'services',
  names: ({ service }) => [service, service.slice(service.indexOf('/') + 1)],
  namespace: ({ service }) => service.slice(0, service.indexOf('/')),
  heads: ['service', 'port', 'protocol', 'endpoints', 'routes'],
  cells: ({ service, port, protocol, endpoints, routes }) => [
    service,
    String(port),
    protocol,
    endpoints.map(({ address, state }) => (state === 'ready' ? address : `${address} (${state})`)).join(', ') || '-',
    routes.map(titleOfRoute).join(', ') || '-',
  ],
};

const certificates: ListingForm<CertificateView> = {
  page: 'certificates',
  names: ({ identity, serialNumber, proxies }) => [
    identity,
    serialNumber,
    identity.replace(/^.*\/sa\//, ''),
    ...proxies,
  ],
  namespace: ({ identity }) => namespaceOf(identity),
  heads: ['identity', 'serial number', 'age', 'expires in', 'by', 'held by'],
  cells: ({ identity, serialNumber, issuedAtMs, expiresAtMs, evidence, proxies }, nowMs) => [
    identity,
    serialNumber,
    durationText(nowMs - issuedAtMs),
    durationText(expiresAtMs - nowMs),
    evidence,
    proxies.join(', ') || '-',
  ],
};

const proxies: ListingForm<ProxyView> = {
  page: 'proxies',
  names: ({ id, principal }) => [id, principal],
  namespace: ({ principal }) => namespaceOf(principal),
  heads: ['id', 'version', 'connected for', 'sync', 'certificate expires in', 'holds', 'principal'],
  cells: ({ id, version, connectedAtMs, sync, certificate, types, principal }, nowMs) => [
    id,
    version || '-',
    durationText(nowMs - connectedAtMs),
    sync,
    certificate === null ? 'unknown' : durationText(certificate.expiresAtMs - nowMs),
    types.map(({ type, names, wildcard }) => (wildcard ? type : `${type} (${names})`)).join(', '),
    principal,
  ],
  problems: ({ id, types }) =>
    types.flatMap(({ type, refusals }) =>
      refusals.map(({ name, version, reason }) => `${id}: cannot use ${type} ${name} at version ${version}: ${reason}`),
    ),
};

const objects: ListingForm<ObjectView> = {
  page: 'objects',
  names: ({ namespace, name }) => [name, `${namespace}/${name}`],
  namespace: ({ namespace }) => namespace,
  heads: ['object', 'state', 'declared in'],
  cells: (object) => [titleOf(object), stateOf(object), object.place || '-'],
  problems: (object) =>
    conditionsOf(object)
      .filter(isBad)
      .map((condition) => `${titleOf(object)} ${conditionText(condition)}`),
};

const events: ListingForm<ControlEvent> = {
  page: 'events',
  names: ({ subject }) => [subject, subject.replace(/^.*\/sa\//, '')],
  namespace: ({ subject, text }) => namespaceOf(subject) || namespaceOf(text),
  heads: ['ago', 'event', 'subject', 'what'],
  cells: ({ timeMs, kind, subject, text, count }, nowMs) => [
    durationText(nowMs - timeMs),
    kind,
    subject || '-',
    count > 1 ? `${text} (${count} times)` : text,
  ],
};

const GATEWAY = /^Gateway$/;
const ROUTE = /Route$/;
const POLICY = /Policy$|^PeerAuthentication$|^Mesh$/;

const ofKind = (kinds: RegExp): ListingForm<ObjectView> => ({ ...objects, keep: ({ kind }) => kinds.test(kind) });

const FORMS: { readonly [L in Listing]: ListingForm<never> } = {
  workloads,
  services,
  certificates,
  proxies,
  gateways: ofKind(GATEWAY),
  routes: ofKind(ROUTE),
  policies: ofKind(POLICY),
  objects,
  events,
};

/** How rows of a listing are found, chosen and shown. */
export function formOf(listing: Listing): ListingForm<unknown> {
  return FORMS[listing] as ListingForm<unknown>;
}

/**
 * Whether a row is asked for.
 *
 * @param name what it may be called, or the beginning of that and `*`; '' for any
 */
export function isAskedFor<Row>(
  { keep, names, namespace }: ListingForm<Row>,
  row: Row,
  name: string,
  of: string,
): boolean {
  if (keep?.(row) === false || (of !== '' && namespace(row) !== of)) return false;
  if (name === '') return true;
  return names(row).some((one) => (name.endsWith('*') ? one.startsWith(name.slice(0, -1)) : one === name));
}

/** Lines of a table, and of what is wrong with its rows. */
export function linesOf<Row>(
  form: ListingForm<Row>,
  rows: readonly Row[],
  paint: Paint,
  nowMs: number,
): readonly string[] {
  const cells = rows.map((row) => form.cells(row, nowMs));
  return table(form.heads, cells, cellTones(paint));
}

/** Colours of states. */
export function cellTones(paint: Paint): CellTones {
  return { paint, toneOf: (head, cell) => (TONED_HEADS.has(head) ? TONES.get(cell) : undefined) };
}

const TONES: ReadonlyMap<string, Tone> = new Map([
  ['ready', 'good'],
  ['synced', 'good'],
  ['well', 'good'],
  ['unready', 'doubtful'],
  ['draining', 'doubtful'],
  ['leaving', 'doubtful'],
  ['pending', 'doubtful'],
  ['away', 'doubtful'],
  ['refused', 'bad'],
  ['wrong', 'bad'],
]);

const TONED_HEADS: ReadonlySet<string> = new Set(['state', 'sync']);

/** `well`, `wrong`, or `-` for what has no conditions. */
function stateOf(object: ObjectView): string {
  const conditions = conditionsOf(object);
  if (conditions.length === 0) return '-';
  return conditions.some(isBad) ? 'wrong' : 'well';
}

/** Of a SPIFFE id. */
function namespaceOf(text: string): string {
  return /^spiffe:\/\/[^/]+\/ns\/([^/]+)\//.exec(text)?.[1] ?? '';
}
