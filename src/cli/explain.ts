import { parseCidr } from '#base/cidr.ts';
import { parseSpiffeId } from '#identity/spiffe-id.ts';
import { isFieldName, isFieldValue } from '#http/token.ts';
import { UsageError, type Arguments } from './arguments.ts';
import { EXIT, type Command } from './command.ts';
import { countDiagnostics } from './diagnostics.ts';
import { TRUST_DOMAIN, type MeshCaller } from './explain/mesh/mesh-caller.ts';
import type { ImaginedRequest } from './explain/rehearsal.ts';
import type { Terminal } from './terminal.ts';
import { formatOption, readsJson } from './validate.ts';

export const explainCommand: Command = {
  name: 'explain',
  summary: 'tells what becomes of a request, and why',
  description: [
    'Tells which listener, rule, filters and backends a request meets, what the backend gets to see, and why all other rules do not take it. Nothing is sent: the routing and the filters of the proxy are asked what they would do.',
    'Where authorization policies have a say, it tells what each of them decides, and by which rule.',
    'With --from it is a call within the mesh: which service and route the sidecar of the caller chooses, and what the sidecar of each backend makes of that caller. Each declared Service is taken to have one workload with a sidecar, unless EndpointSlices say where its endpoints are. CONNECT host:port asks for a byte stream.',
    'Gateways are taken for members of the mesh where a Service says which accounts serve it (selvage.dev/service-accounts): then the sidecars behind them judge, too.',
    'Exit code 0: some rule takes the request; 1: none does, or a policy refuses it; 2: wrong usage.',
  ],
  positionals: [
    { name: 'folder', required: true, description: 'folder of documents, or one file' },
    { name: 'method', required: true, description: 'method of the request, as in GET' },
    { name: 'url', required: true, description: 'URL of the request, as the client would write it' },
  ],
  options: [
    {
      name: 'from',
      value: '<namespace>/<account>',
      description: 'service account of a workload that calls, also without namespace, or as a SPIFFE id',
    },
    { name: 'from-ip', value: '<ip>', description: 'address of the client; default 127.0.0.1' },
    {
      name: 'principal',
      value: '<spiffe-id>',
      description: 'URI in the certificate that the client shows; default: it shows none',
    },
    { name: 'header', short: 'H', value: "'<name>: <value>'", repeatable: true, description: 'header of the request' },
    formatOption(),
  ],
  examples: [
    {
      command: 'selvage explain examples/shop/config GET http://shop.localhost:8080/',
      explanation: 'tells who answers the start page of the example shop',
    },
    {
      command: "selvage explain examples/shop/config GET http://shop.localhost:8080/ -H 'x-beta: true'",
      explanation: 'tells what a header changes',
    },
    {
      command: 'selvage explain config GET https://shop.example/ --from-ip 10.0.0.1',
      explanation: 'tells what authorization policies say of a client at that address',
    },
    {
      command: 'selvage explain config GET http://catalog/items --from shop/web',
      explanation: 'tells what becomes of a call of service account web to service catalog',
    },
  ],
  async run(args, terminal) {
    const asJson = readsJson(args);
    const caller = readCaller(args);
    const request = readRequest(args, caller);
    const folder = args.positional('folder') as string;
    if (caller !== undefined) return explainCall(folder, caller, request, asJson, terminal);
    const [{ readDeclarations }, { explainRequest }, { explanationText }] = await Promise.all([
      import('./declarations.ts'),
      import('./explain/explanation.ts'),
      import('./explain/explanation-text.ts'),
    ]);
    const declarations = readDeclarations(folder);
    warnOfErrors(declarations.diagnostics, folder, terminal);
    const explanation = explainRequest(declarations, request);
    terminal.print(asJson ? JSON.stringify(explanation, undefined, 2) : explanationText(explanation, terminal.paint));
    return explanation.rule === undefined || explanation.outcome === 'refused' ? EXIT.failure : EXIT.ok;
  },
};

async function explainCall(
  folder: string,
  caller: MeshCaller,
  request: ImaginedRequest,
  asJson: boolean,
  terminal: Terminal,
): Promise<number> {
  const [{ readDeclarations }, { explainMeshRequest }, { meshExplanationText }] = await Promise.all([
    import('./declarations.ts'),
    import('./explain/mesh/mesh-explanation.ts'),
    import('./explain/mesh/mesh-explanation-text.ts'),
  ]);
  const declarations = readDeclarations(folder);
  warnOfErrors(declarations.diagnostics, folder, terminal);
  const explanation = explainMeshRequest(declarations, caller, request);
  terminal.print(asJson ? JSON.stringify(explanation, undefined, 2) : meshExplanationText(explanation, terminal.paint));
  return ['forwarded', 'answered', 'inside', 'left'].includes(explanation.outcome) ? EXIT.ok : EXIT.failure;
}

function warnOfErrors(diagnostics: Parameters<typeof countDiagnostics>[0], folder: string, terminal: Terminal): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  const advice = `what they concern is left out here; selvage validate ${folder} tells them`;
  terminal.say(`${terminal.paintSaid('doubtful', 'note:')} ${countDiagnostics(errors)} in ${folder} (${advice})`);
}

function readRequest(args: Arguments, caller: MeshCaller | undefined): ImaginedRequest {
  const headers = args.values('header').map(readHeader);
  const { method, url } = readAsked(args, caller !== undefined);
  const host = headers.find(([name]) => name === 'host')?.[1];
  // As with curl: the URL says where to, the header which host is asked for there.
  const asked = host === undefined ? url : withHost(url, host);
  const fromIp = args.value('from-ip');
  if (fromIp !== undefined && !isAddress(fromIp))
    throw new UsageError(`cannot read --from-ip ${fromIp}: give an IP address, as in 10.0.0.1`);
  const principal = args.value('principal');
  return {
    method,
    url: asked,
    headers: headers.filter(([name]) => name !== 'host'),
    ...(fromIp !== undefined && { fromIp }),
    ...(principal !== undefined && { principal }),
  };
}

/** @param isCall whether a workload asks its sidecar */
function readAsked(args: Arguments, isCall: boolean): Pick<ImaginedRequest, 'method' | 'url'> {
  const method = readMethod(args.positional('method') as string);
  const text = args.positional('url') as string;
  if (isCall && method === 'CONNECT') return { method, url: readAuthority(text) };
  const url = readUrl(text);
  if (!isCall || url.protocol === 'http:') return { method, url };
  // What a client speaks TLS to, its sidecar sees as a tunnel.
  return { method: 'CONNECT', url: readAuthority(`${url.hostname}:${url.port === '' ? 443 : url.port}`) };
}

/** @returns undefined for a client of a gateway */
function readCaller(args: Arguments): MeshCaller | undefined {
  const text = args.value('from');
  if (text === undefined) return undefined;
  if (args.value('principal') !== undefined)
    throw new UsageError('--from and --principal are both given: --from says who a workload of the mesh is');
  const id = parseSpiffeId(text.includes('://') ? text : `spiffe://${TRUST_DOMAIN}/${pathOf(text)}`);
  if (typeof id !== 'string') return id;
  throw new UsageError(`cannot read --from ${text}: give a service account, as in shop/web`);
}

/** A name alone is of the namespace `default`. */
function pathOf(text: string): string {
  const [namespace, account, ...rest] = text.includes('/') ? text.split('/') : ['default', text];
  return ['ns', namespace, 'sa', account, ...rest].join('/');
}

function isAddress(text: string): boolean {
  return !text.includes('/') && parseCidr(text) !== undefined;
}

function readMethod(text: string): string {
  if (!isFieldName(text.toLowerCase())) throw new UsageError(`cannot read method ${text}: give one word, as in GET`);
  return text.toUpperCase();
}

function readUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new UsageError(`cannot read URL ${text}: give a whole one, as in http://shop.localhost:8080/cart`);
}

/** What a tunnel is asked for by: host and port. */
function readAuthority(text: string): URL {
  const url = /^[^/?#@]+:\d+$/.test(text) ? URL.parse(`http://${text}`) : null;
  if (url !== null) return url;
  throw new UsageError(`cannot read ${text}: CONNECT asks for a host and a port, as in db:5432`);
}

/** The port stays that of the URL: it is what the client connects to. */
function withHost(url: URL, host: string): URL {
  const changed = URL.parse(`${url.protocol}//${host}`);
  if (changed === null) throw new UsageError(`cannot read header host: ${host}: give a host name`);
  const combined = new URL(url);
  combined.hostname = changed.hostname;
  return combined;
}

function readHeader(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  const name = text.slice(0, colon).trim().toLowerCase();
  const value = text.slice(colon + 1).trim();
  if (colon > 0 && isFieldName(name) && isFieldValue(value)) return [name, value];
  throw new UsageError(`cannot read header ${JSON.stringify(text)}: write 'name: value'`);
}
