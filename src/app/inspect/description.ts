import { durationText } from '#base/duration-text.ts';
import type { DescribeOptions, Subject } from '#cli/describe.ts';
import { titleOfRoute } from '#model/snapshot/route-name.ts';
import type { WorkloadView } from '../control/control-views.ts';
import type { ControlEvent } from '../control/event-log.ts';
import type { ObjectView } from '../control/views/object-view.ts';
import type { ProxyView } from '../control/views/proxy-view.ts';
import type { Inspection } from './inspection.ts';
import { formOf, isAskedFor } from './listings.ts';
import { conditionsOf, conditionText, isBad, titleOf } from './object-text.ts';

/** What is said of one thing. */
export interface Description {
  readonly title: string;
  /** Name and value; without a value it is left out. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly problems: readonly string[];
  /** Tables and lists below: heads are empty for a list. */
  readonly parts: readonly DescriptionPart[];
}

export interface DescriptionPart {
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** So many of the latest events are shown. */
const EVENTS = 15;

type Describe = (inspection: Inspection, options: DescribeOptions, nowMs: number) => readonly Description[];

/** Of one name, there may be several: of several namespaces, or routes of several kinds. */
export const DESCRIBE: Readonly<Record<Subject, Describe>> = {
  workload: describeWorkloads,
  proxy: describeProxies,
  service: describeServices,
  gateway: (inspection, options, nowMs) => describeObjects('gateways', inspection, options, nowMs),
  route: (inspection, options, nowMs) => describeObjects('routes', inspection, options, nowMs),
  policy: (inspection, options, nowMs) => describeObjects('policies', inspection, options, nowMs),
};

function describeWorkloads(inspection: Inspection, { name, namespace }: DescribeOptions, nowMs: number) {
  const form = formOf('workloads');
  return inspection.workloads
    .filter((workload) => isAskedFor(form, workload, name, namespace))
    .map((workload) => describeWorkload(workload, inspection, nowMs));
}

function describeWorkload(workload: WorkloadView, inspection: Inspection, nowMs: number): Description {
  const { id, namespace, service, gateway, principal, address, ports, zone, state, problems, policies } = workload;
  const proxy = inspection.proxies.find((one) => one.id === id);
  const own = inspection.services.filter((one) => one.service === `${namespace}/${service}`);
  return {
    title: `Workload ${id}`,
    facts: [
      ['state', state],
      ['identity', principal],
      ['certificate', certificateText(proxy, inspection, nowMs)],
      ['address', address],
      ['ports', ports.join(', ')],
      ['zone', zone],
      ['service', service === '' ? '' : `${namespace}/${service}`],
      ['gateway', gateway === '' ? '' : `${namespace}/${gateway}`],
      ...proxyFacts(proxy, nowMs),
    ],
    problems,
    parts: [
      ...discoveryParts(proxy),
      listPart(
        'Policies',
        policies.map((policy) => policy.replace('/', ' ')),
      ),
      listPart('Routes', [...new Set(own.flatMap(({ routes }) => routes.map(titleOfRoute)))]),
      eventsPart(inspection.events, [id, principal], nowMs),
    ],
  };
}

function describeProxies(inspection: Inspection, { name, namespace }: DescribeOptions, nowMs: number) {
  const form = formOf('proxies');
  return inspection.proxies
    .filter((proxy) => isAskedFor(form, proxy, name, namespace))
    .map((proxy): Description => {
      const { id, principal, zone, types } = proxy;
      return {
        title: `Proxy ${id}`,
        facts: [
          ['identity', principal],
          ['certificate', certificateText(proxy, inspection, nowMs)],
          ['zone', zone],
          ...proxyFacts(proxy, nowMs),
        ],
        problems: types.flatMap(({ type, refusals }) =>
          refusals.map(
            (refusal) => `cannot use ${type} ${refusal.name} at version ${refusal.version}: ${refusal.reason}`,
          ),
        ),
        parts: [...discoveryParts(proxy), eventsPart(inspection.events, [id, principal], nowMs)],
      };
    });
}

function describeServices(inspection: Inspection, { name, namespace }: DescribeOptions, nowMs: number) {
  const form = formOf('services');
  const asked = inspection.services.filter((service) => isAskedFor(form, service, name, namespace));
  return [...Map.groupBy(asked, ({ service }) => service)].map(([title, ports]): Description => {
    const [of = '', short = ''] = title.split('/');
    const serving = inspection.workloads.filter((workload) => workload.namespace === of && workload.service === short);
    const declared = inspection.objects.find(
      (one) => one.kind === 'Service' && `${one.namespace}/${one.name}` === title,
    );
    return {
      title: `Service ${title}`,
      facts: [
        ['names', [...new Set(ports.flatMap(({ hostnames }) => hostnames))].join(', ')],
        ['declared in', declared?.place || 'nowhere: it is there as long as its workloads are'],
      ],
      problems: [
        ...ports
          .filter(({ endpoints }) => !endpoints.some(({ state }) => state === 'ready'))
          .map(({ port }) => `port ${port} has no endpoint that is ready: calls fail`),
        ...serving.flatMap(({ id, problems }) => problems.map((problem) => `${id}: ${problem}`)),
      ],
      parts: [
        {
          title: 'Endpoints',
          heads: ['port', 'protocol', 'endpoint', 'state', 'principal'],
          rows: ports.flatMap(({ port, protocol, endpoints }) =>
            endpoints.map(({ address, state, principal }) => [
              String(port),
              protocol,
              address,
              state,
              principal ?? 'none: spoken to in the clear',
            ]),
          ),
        },
        listPart(
          'Workloads',
          serving.map(({ id, state }) => `${id} (${state})`),
        ),
        listPart('Routes', [...new Set(ports.flatMap(({ routes }) => routes.map(titleOfRoute)))]),
        listPart('Policies', policiesFor(inspection.objects, of, short)),
        eventsPart(
          inspection.events,
          serving.map(({ id }) => id),
          nowMs,
        ),
      ],
    };
  });
}

function policiesFor(objects: readonly ObjectView[], namespace: string, name: string): readonly string[] {
  return objects
    .filter(({ ancestors = [], namespace: own }) =>
      ancestors.some(
        ({ ancestorRef: ref }) => ref.kind === 'Service' && ref.name === name && (ref.namespace ?? own) === namespace,
      ),
    )
    .map(titleOf);
}

function describeObjects(
  listing: 'gateways' | 'routes' | 'policies',
  inspection: Inspection,
  { name, namespace }: DescribeOptions,
  nowMs: number,
) {
  const form = formOf(listing);
  return inspection.objects
    .filter((object) => isAskedFor(form, object, name, namespace))
    .map((object): Description => {
      const conditions = conditionsOf(object);
      const proxies = object.kind === 'Gateway' ? gatewayProxies(inspection, object) : [];
      return {
        title: titleOf(object),
        facts: [['declared in', object.place]],
        problems: conditions.filter(isBad).map(conditionText),
        parts: [
          {
            title: 'Conditions',
            heads: ['of', 'condition', 'status', 'reason', 'message'],
            rows: conditions.map(({ at, type, status, reason, message }) => [at || '-', type, status, reason, message]),
          },
          {
            title: 'Listeners',
            heads: ['listener', 'routes'],
            rows: (object.listeners ?? []).map((listener) => [listener.name, String(listener.attachedRoutes)]),
          },
          listPart(
            'Proxies',
            proxies.map(({ id, state, sync }) => `${id} (${state}, ${sync})`),
          ),
          eventsPart(
            inspection.events,
            proxies.map(({ id }) => id),
            nowMs,
          ),
        ],
      };
    });
}

function gatewayProxies({ workloads }: Inspection, { namespace, name }: ObjectView): readonly WorkloadView[] {
  return workloads.filter((workload) => workload.namespace === namespace && workload.gateway === name);
}

function proxyFacts(proxy: ProxyView | undefined, nowMs: number): Description['facts'] {
  if (proxy === undefined) return [['proxy', 'away']];
  const { version, connectedAtMs, sync } = proxy;
  return [
    ['proxy', `Selvage ${version || 'of unknown version'}, connected for ${durationText(nowMs - connectedAtMs)}`],
    ['sync', sync],
  ];
}

function certificateText(proxy: ProxyView | undefined, { certificates }: Inspection, nowMs: number): string {
  const held = proxy?.certificate ?? undefined;
  if (held === undefined) return proxy === undefined ? '' : 'unknown: of before what the control plane remembers';
  const issued = certificates.find(({ serialNumber }) => serialNumber === held.serialNumber);
  const age =
    issued === undefined ? '' : `, issued ${durationText(nowMs - issued.issuedAtMs)} ago by ${issued.evidence}`;
  return `${held.serialNumber}, expires in ${durationText(held.expiresAtMs - nowMs)}${age}`;
}

function discoveryParts(proxy: ProxyView | undefined): readonly DescriptionPart[] {
  if (proxy === undefined) return [];
  const rows = proxy.types.map(({ type, wildcard, names, acknowledgedVersion, pending, unanswered, refusals }) => [
    type,
    wildcard ? 'all' : String(names),
    acknowledgedVersion || '-',
    String(pending),
    String(unanswered),
    String(refusals.length),
  ]);
  const heads = ['type', 'names', 'acknowledged version', 'pending', 'unanswered', 'refused'];
  return [{ title: 'Discovery', heads, rows }];
}

function listPart(title: string, items: readonly string[]): DescriptionPart {
  return { title, heads: [], rows: items.map((item) => [item]) };
}

function eventsPart(events: readonly ControlEvent[], subjects: readonly string[], nowMs: number): DescriptionPart {
  const form = formOf('events');
  const own = events.filter(({ subject }) => subjects.includes(subject)).slice(-EVENTS);
  return { title: 'Events', heads: form.heads, rows: own.map((event) => form.cells(event as never, nowMs)) };
}
