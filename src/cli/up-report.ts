import type { RouteAttachment } from '#model/snapshot/http-route.ts';
import type { ListenerResource } from '#model/snapshot/listener.ts';
import { titleOfRoute } from '#model/snapshot/route-name.ts';
import type { Snapshot, SnapshotDelta, SnapshotResource } from '#model/snapshot/snapshot.ts';
import { count } from './diagnostics.ts';
import type { Paint } from './terminal.ts';

/** Something that could not be bound. */
export interface BindFailure {
  /** `<namespace>/<gateway>/<listener>`. */
  readonly listener: string;
  readonly message: string;
}

/** Says what serves where: each listener with its URLs, and the routes that each of them leads to. */
export function describeServing(snapshot: Snapshot, failures: readonly BindFailure[], paint: Paint): string[] {
  const resources = [...snapshot.resources.values()];
  const routes = resources.flatMap(attachedRoute);
  const failed = new Set(failures.map(({ listener }) => listener));
  return resources
    .filter((resource) => resource.type === 'listener')
    .filter(({ name }) => !failed.has(name))
    .flatMap((listener) => describeListener(listener, routes, paint));
}

interface AttachedRoute {
  /** For people. */
  readonly title: string;
  readonly attachments: readonly RouteAttachment[];
}

function attachedRoute(resource: SnapshotResource): AttachedRoute[] {
  switch (resource.type) {
    case 'http-route':
      return [
        {
          title: `${titleOfRoute(resource.name)} (${count(resource.rules.length, 'rule')})`,
          attachments: resource.attachments,
        },
      ];
    case 'stream-route':
      return [{ title: titleOfRoute(resource.name), attachments: resource.attachments }];
    default:
      return [];
  }
}

function describeListener(listener: ListenerResource, routes: readonly AttachedRoute[], paint: Paint): string[] {
  const [namespace, gateway, section] = listener.name.split('/');
  const title = `  ${paint('strong', urlOf(listener, listener.hostname))}  Gateway ${namespace}/${gateway}, listener ${section}`;
  const rows = routes.flatMap((route) => rowsOf(listener, route));
  if (rows.length === 0)
    return [
      title,
      `    ${paint('doubtful', 'no route is attached: nothing that comes here is answered but with an error')}`,
    ];
  const shown = rows.slice(0, MAX_ROWS);
  const width = Math.max(...shown.map(([url]) => url.length));
  const rest =
    rows.length > MAX_ROWS ? [`    and ${rows.length - MAX_ROWS} more (/status on the admin port tells all)`] : [];
  return [title, ...shown.map(([url, route]) => `    ${paint('place', url.padEnd(width))}  ${route}`), ...rest];
}

function rowsOf(listener: ListenerResource, { title, attachments }: AttachedRoute): [url: string, route: string][] {
  const hostnames = attachments.filter((one) => one.listener === listener.name).flatMap((one) => one.hostnames);
  return [...new Set(hostnames)].map((hostname) => [urlOf(listener, hostname), title]);
}

/** Routes that are listed for each listener before the rest is only counted. */
const MAX_ROWS = 12;

/** Ports that a URL need not say. */
const WELL_KNOWN_PORTS: Readonly<Record<string, number>> = { HTTP: 80, HTTPS: 443 };

/** A URL that can be clicked where there is one; what is for all host names is shown by an address. */
function urlOf({ address, port, protocol }: ListenerResource, hostname: string): string {
  const host = hostname === '' || hostname === '*' ? hostOf(address) : hostname;
  return `${protocol.toLowerCase()}://${host}${WELL_KNOWN_PORTS[protocol] === port ? '' : `:${port}`}`;
}

function hostOf(address: string): string {
  if (address === '' || address === '0.0.0.0' || address === '::') return 'localhost';
  return address.includes(':') ? `[${address}]` : address;
}

/** Says why a listener does not serve. */
export function describeFailure({ listener, message }: BindFailure): string {
  const [namespace, gateway, section] = listener.split('/');
  return `Gateway ${namespace}/${gateway}, listener ${section}: ${message}`;
}

/** What people call a type of resource, where that is another word. */
const NOUNS: Readonly<Partial<Record<string, string>>> = {
  'http-route': 'route',
  'stream-route': 'route',
  cluster: 'backend',
  endpoints: 'endpoint list',
};

/**
 * Says in one line what a change did.
 *
 * @param known whether the resource of a key was there before
 * @returns for example `1 route added, 2 routes changed`
 */
export function describeChange(delta: SnapshotDelta, known: (key: string) => boolean): string {
  const counts = new Map<string, { readonly noun: string; readonly verb: string; number: number }>();
  const add = (type: string, verb: string): void => {
    const entry = counts.get(`${type} ${verb}`);
    if (entry === undefined)
      counts.set(`${type} ${verb}`, { noun: NOUNS[type] ?? type.replaceAll('-', ' '), verb, number: 1 });
    else entry.number += 1;
  };
  for (const { type, name } of delta.upserts) add(type, known(`${type} ${name}`) ? 'changed' : 'added');
  for (const key of delta.removals) add(key.slice(0, key.indexOf(' ')), 'removed');
  const parts = [...counts.values()].map(({ noun, verb, number }) => `${count(number, noun)} ${verb}`);
  return parts.length === 0 ? 'nothing that is served changed' : parts.join(', ');
}
