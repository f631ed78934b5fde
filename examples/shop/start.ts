// Runs the example shop as a mesh: a control plane, a gateway, and six services with a sidecar each, until Ctrl-C.
// Usage: npm start [-- --port-offset <n>]
import { relative } from 'node:path';
import process from 'node:process';
import { parseArgs, styleText } from 'node:util';
import { LAUNCHER } from './child.ts';
import { findTakenPort, listPrograms, NAMESPACE } from './programs.ts';
import { Shop } from './shop.ts';

/** What one waits for at most when stopping: far above what the shop's requests take. */
const STOP_TIMEOUT_MS = 10_000;

const offset = readOffset();
const taken = await findTakenPort(offset);
if (taken !== undefined) {
  const remedy = `stop that process, or move all ports of the shop: npm start -- --port-offset ${offset + 1000}`;
  console.error(
    `cannot start the shop: another process listens on port ${taken.port}, which is for ${taken.name} (${remedy})`,
  );
  process.exit(1);
}

let isStopping = false;
const shop = new Shop(offset);
process.on('exit', () => shop.destroy());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (isStopping) shop.hurry();
    else void stop(0);
  });
shop.broken.catch(fail);
console.log('opening the shop: a control plane, a gateway, six services with a sidecar each …');
await shop.open().catch(fail);
if (!isStopping) explain();

function readOffset(): number {
  const { values } = parseArgs({ options: { 'port-offset': { type: 'string', default: '0' } } });
  const number = Number(values['port-offset']);
  if (Number.isInteger(number) && number >= 0 && number <= 40_000) return number;
  console.error('cannot read --port-offset: give a whole number from 0 to 40000');
  process.exit(1);
}

function fail({ message }: Error): void {
  if (isStopping) return;
  console.error(`cannot run the shop: ${message}`);
  void stop(1);
}

async function stop(exitCode: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  setTimeout(() => shop.hurry(), STOP_TIMEOUT_MS).unref();
  await shop.close();
  process.exit(exitCode);
}

/** As one would type it. */
function nameOf(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function explain(): void {
  const gateway = `localhost:${shop.portOf('gateway')}`;
  const services = listPrograms(offset).map(({ name, port }) => `${name} ${port}`);
  const documents = nameOf(shop.documents);
  const selvage = nameOf(LAUNCHER);
  const controlAdmin = `http://127.0.0.1:${shop.portOf('admin of the control plane')}`;
  const json = "-H 'content-type: application/json'";
  const visitor = `--service-account visitor --namespace ${NAMESPACE}`;
  const explained = ([command, meaning]: readonly [string, string]): string => `  ${command.padEnd(64)} # ${meaning}`;
  const api = `http://api.${gateway}/v1`;
  const tries = [
    [`curl http://${gateway}/`, 'the page: the gateway calls web, web calls catalog and cart'],
    [`curl ${api}/products`, 'one in ten is answered by the new version'],
    [`curl ${api}/products -H 'x-beta: true'`, 'always the new version'],
    [`curl ${api}/search?q=denim`, 'the new version gets a copy'],
    [`curl -i http://${gateway}/index.php`, 'moved'],
  ] as const;
  console.log(`
The shop is open: ${styleText('bold', `http://${gateway}`)} (${(performance.now() / 1000).toFixed(1)} s after it was called)

  services   ${services.join(', ')}, each with a sidecar
  gateway    ${shop.portOf('gateway')}, admin ${shop.portOf('admin of the gateway')}
  control    ${shop.portOf('control plane')}, admin ${shop.portOf('admin of the control plane')}
  documents  ${documents} (change one and save it: it is applied at once)

${styleText('bold', 'Try')}, and see below who calls whom:
${tries.map(explained).join('\n')}
  curl ${api}/carts/ada ${json} -d '{"product": "denim", "quantity": 2}'
  curl ${api}/orders ${json} -d '{"customer": "ada", "amountCents": 6900}'
  ${selvage} get workloads --admin ${controlAdmin}
  ${selvage} get services --admin ${controlAdmin}
  ${selvage} explain ${documents} GET ${api}/products
  ${selvage} explain ${documents} GET http://catalog/products --from shop/web

Only orders may call payments. Here somebody else joins the mesh, tries, and gets 403:
  SELVAGE_TOKEN=$(${selvage} token create ${visitor} --state ${shop.state}) \\
    ${selvage} run ${visitor} --control 127.0.0.1:${shop.portOf('control plane')} --state ${shop.state}-visitor -- \\
    curl -i http://payments/payments ${json} -d '{"customer": "eve", "amountCents": 1}'

Ctrl-C closes it.
`);
}
