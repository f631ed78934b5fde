import { WireWriter } from '#codec/protobuf/wire-writer.ts';
import type { DeltaRequest, DeltaResponse, NodeIdentity, RpcStatus, TypedOctets, WireResource } from './messages.ts';

/** What a proxy calls itself (`Node.user_agent_name`). */
const USER_AGENT = 'selvage';

/** Encodes a `DeltaDiscoveryRequest`. */
export function encodeRequest(request: DeltaRequest): Buffer {
  const writer = new WireWriter();
  const { node, error } = request;
  if (node !== null) writer.message(1, (inner) => writeNode(inner, node));
  writer.string(2, request.typeUrl);
  for (const name of request.subscribe) writer.element(3, name);
  for (const name of request.unsubscribe) writer.element(4, name);
  for (const [name, version] of request.initialVersions) {
    writer.message(5, (entry) => {
      entry.string(1, name);
      entry.string(2, version);
    });
  }
  writer.string(6, request.nonce);
  if (error !== null) writer.message(7, (inner) => writeStatus(inner, error));
  return writer.finish();
}

function writeNode(writer: WireWriter, node: NodeIdentity): void {
  writer.string(1, node.id);
  writer.string(2, node.service);
  const metadata = Object.entries(node.metadata);
  if (metadata.length > 0) {
    writer.message(3, (struct) => {
      for (const [key, value] of metadata) struct.message(1, (entry) => writeMetadata(entry, key, value));
    });
  }
  if (node.zone !== '') writer.message(4, (locality) => locality.string(2, node.zone));
  writer.string(6, USER_AGENT);
  writer.string(7, node.version);
}

/** An entry of `google.protobuf.Struct` whose value is text. */
function writeMetadata(entry: WireWriter, key: string, value: string): void {
  entry.string(1, key);
  entry.message(2, (inner) => inner.element(3, value));
}

function writeStatus(writer: WireWriter, status: RpcStatus): void {
  writer.int32(1, status.code);
  writer.string(2, status.message);
  for (const detail of status.details) writer.message(3, (inner) => writeTyped(inner, detail));
}

function writeTyped(writer: WireWriter, { typeUrl, value }: TypedOctets): void {
  writer.string(1, typeUrl);
  if (value.length > 0) writer.bytes(2, value);
}

/** What a response says besides its resources. */
export type ResponseFrame = Omit<DeltaResponse, 'resources'>;

/**
 * Encodes a `DeltaDiscoveryResponse` but for its resources, which {@link encodeResource} has encoded: protobuf lets
 * the fields of a message come in any order, so that the two parts may simply follow each other.
 */
export function encodeResponseFrame(response: ResponseFrame): Buffer {
  const writer = new WireWriter();
  writer.string(1, response.systemVersion);
  writer.string(4, response.typeUrl);
  writer.string(5, response.nonce);
  for (const name of response.removed) writer.element(6, name);
  return writer.finish();
}

/** Encodes a resource as it stands in a `DeltaDiscoveryResponse`, once for all who are sent it. */
export function encodeResource(resource: WireResource): Buffer {
  const writer = new WireWriter();
  writer.message(2, (inner) => {
    inner.string(1, resource.version);
    inner.message(2, (content) => writeTyped(content, resource.content));
    inner.string(3, resource.name);
  });
  return writer.finish();
}
