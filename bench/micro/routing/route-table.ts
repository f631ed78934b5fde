// What finding a route costs, by the number of routes: it must not grow with it.

import {
  compileEmptyRule,
  declareRoute,
  declareRule,
  exactPath,
  exactValues,
  prefixPath,
  regExpPath,
  requestOf,
} from '#proxy/routing/testing/routes.ts';
import { compileRoute } from '#proxy/routing/compile-route.ts';
import { createRouteTable, type RouteTable } from '#proxy/routing/route-table.ts';
import { measureAll } from '../measure.ts';

const REQUESTS = 1024;

// Each route has an exact path, a prefix and a prefix with a header at its own host name.
function tableOf(count: number): RouteTable {
  const routes = Array.from({ length: count }, (_, i) =>
    declareRoute(
      `route-${i}`,
      [
        declareRule('exact', { path: exactPath(`/api/service-${i}/status`) }),
        declareRule('prefix', { path: prefixPath(`/api/service-${i}`) }),
        declareRule('beta', { path: prefixPath(`/api/service-${i}`), headers: exactValues({ 'x-beta': '1' }) }),
      ],
      { hostnames: [`service-${i}.example.com`, '*.example.com'] },
    ),
  );
  return createRouteTable(
    'web',
    routes.map((route) => compileRoute(route, compileEmptyRule)),
  );
}

/** Finds prefixes and exact paths at an exact host name and at a wildcard, each time of another route. */
function findIn(count: number): () => unknown {
  const table = tableOf(count);
  const cases = Array.from({ length: REQUESTS }, (_, i) => ({
    host: i % 2 === 0 ? `service-${i % count}.example.com` : 'other.example.com',
    request: requestOf(`/api/service-${i % count}/${i % 3 === 0 ? 'status' : 'items/17'}?`),
  }));
  let next = 0;
  return () => {
    const { host, request } = cases[next++ & (REQUESTS - 1)]!;
    // A codec cuts the path out of the head: a new string, whose hash nobody knows yet.
    request.path = request.target.slice(0, -1);
    return table.find(host, request);
  };
}

function findByRegExp(): () => unknown {
  const route = declareRoute('r', [declareRule('users', { path: regExpPath('/users/[0-9]+/orders(/[a-z-]+)?') })]);
  const table = createRouteTable('web', [compileRoute(route, compileEmptyRule)]);
  const request = requestOf('/users/421/orders/latest');
  return () => table.find('example.com', request);
}

measureAll({
  '1 route': findIn(1),
  '100 routes': findIn(100),
  '1,000 routes': findIn(1000),
  '1 regular expression': findByRegExp(),
});
