import type { LoadBalancing } from '#model/snapshot/cluster.ts';
import { LeastRequest } from './least-request.ts';
import { Random } from './random.ts';
import { RoundRobin } from './round-robin.ts';
import type { Balancer, Target } from './target.ts';

/** Makes the balancer of a declared kind. */
export const createBalancer = <T extends Target>(kind: LoadBalancing): Balancer<T> => {
  switch (kind) {
    case 'LeastRequest':
      return new LeastRequest<T>();
    case 'RoundRobin':
      return new RoundRobin<T>();
    case 'Random':
      return new Random<T>();
  }
};
