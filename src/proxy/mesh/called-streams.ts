import type { StreamRouteResource } from '#model/snapshot/stream-route.ts';
import type { Rule, StreamRoute } from '../exchange/exchange.ts';
import { createStreamRoutes, type StreamRoutes } from '../routing/stream-table.ts';

/** Where the byte streams of a port go. */
export class CalledStreams {
  /** Whether the server name must be known first, since routes go by it. */
  readonly asksNames: boolean;
  readonly #own: StreamRoute;
  readonly #ownRule: Rule;
  readonly #routes: StreamRoutes | null;

  /**
   * @param rule where all goes that no route is for
   * @param routes null where none is attached: then nothing is refused
   */
  constructor(
    place: string,
    rule: Rule,
    routes: readonly (readonly [resource: StreamRouteResource, route: StreamRoute])[] | null,
  ) {
    const { backends, totalWeight, sealed = false } = rule;
    this.#own = { route: '', backends, totalWeight, sealed };
    this.#ownRule = rule;
    this.#routes = routes === null ? null : createStreamRoutes(place, routes);
    this.asksNames = routes?.some(([{ attachments }]) => attachments.some(isByName)) ?? false;
  }

  /**
   * @param serverName lower case; '' where none was named
   * @returns null where routes are attached and none is for it
   */
  find(serverName: string): StreamRoute | null {
    return this.#routes === null ? this.#own : (this.#routes.find(serverName)?.value ?? null);
  }

  /** The same for a CONNECT, which by itself names no server. */
  findRule(serverName = ''): Rule | null {
    const route = this.find(serverName);
    if (route === null || route === this.#own) return route === null ? null : this.#ownRule;
    let rule = rules.get(route);
    if (rule === undefined) rules.set(route, (rule = ruleOf(route)));
    return rule;
  }
}

/** One for each route, however often the ports are made anew: what is counted hangs on it. */
const rules = new WeakMap<StreamRoute, Rule>();

const isByName = ({ hostnames }: StreamRouteResource['attachments'][number]): boolean =>
  hostnames.some((hostname) => hostname !== '*');

const ruleOf = ({ route, backends, totalWeight }: StreamRoute): Rule => ({
  route,
  name: '',
  filters: [],
  backends: backends.map(({ slot, weight }) => ({ slot, weight, filters: [], metricScope: null })),
  totalWeight,
  requestTimeoutMs: -1,
  attemptTimeoutMs: 0,
  metricScope: null,
});
