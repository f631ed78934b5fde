// What one workload that comes or goes costs the compiler of a mesh, by the size of the mesh: node bench/micro/control/mesh.ts

import { MeshCompiler } from '#control/compile/mesh/mesh-compiler.ts';
import { MeshLayers } from '#control/publish/mesh-layers.ts';
import { parseDocuments } from '#model/documents.ts';
import { documentsOf, principalOf, servedBy, serviceName, workloadOf } from '../../load/control/population.ts';

const ROUNDS = 60;

/** CPU time, since other processes have the machine as well. */
function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

for (const services of [100, 1000]) {
  const size = { services, proxies: services * 2, called: 10 };
  const { resources } = parseDocuments('mesh.yaml', documentsOf(size));
  const workloads = Array.from({ length: size.proxies }, (_, workload) => {
    const service = servedBy(workload, size);
    return { ...workloadOf(workload, size), principal: principalOf(service), serviceAccount: serviceName(service) };
  });
  const compiler = new MeshCompiler();
  const layers = new MeshLayers();
  const publish = (): void => layers.publish(compiler.compile(resources, workloads));
  const firstMs = cpuMs(publish);
  const changes = Array.from({ length: ROUNDS }, (_, round) => {
    workloads[5] = { ...workloads[5]!, state: round % 2 === 0 ? 'unready' : 'ready' };
    return cpuMs(publish);
  });
  const medianMs = changes.toSorted((a, b) => a - b)[ROUNDS / 2]!;
  console.log(
    `${services} services, ${size.proxies} workloads: first ${firstMs.toFixed(0)} ms, a change ${medianMs.toFixed(1)} ms`,
  );
}
