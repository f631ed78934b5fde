import { WireReader } from '#codec/protobuf/wire-reader.ts';
import { LENGTH_DELIMITED, VARINT } from '#codec/protobuf/wire-type.ts';
import type { DeltaRequest, DeltaResponse, NodeIdentity, RpcStatus, TypedOctets, WireResource } from './messages.ts';

/** A message, or what is wrong with its octets. */
export type Decoded<T> = { readonly ok: true; readonly message: T } | { readonly ok: false; readonly reason: string };

/** Decodes a `DeltaDiscoveryRequest`. Octets within it are parts of `octets`, not copies. */
export function decodeRequest(octets: Uint8Array): Decoded<DeltaRequest> {
  return decode(octets, readRequest);
}

/** Decodes a `DeltaDiscoveryResponse`. Octets within it are parts of `octets`, not copies. */
export function decodeResponse(octets: Uint8Array): Decoded<DeltaResponse> {
  return decode(octets, readResponse);
}

function decode<T>(octets: Uint8Array, read: (reader: WireReader) => T): Decoded<T> {
  const reader = new WireReader(octets);
  const message = read(reader);
  return reader.fault === '' ? { ok: true, message } : { ok: false, reason: reader.fault };
}

function readRequest(reader: WireReader): DeltaRequest {
  let node: NodeIdentity | null = null;
  let typeUrl = '';
  const subscribe: string[] = [];
  const unsubscribe: string[] = [];
  const initialVersions = new Map<string, string>();
  let nonce = '';
  let error: RpcStatus | null = null;
  while (reader.next()) {
    if (reader.is(1, LENGTH_DELIMITED)) node = reader.message(readNode);
    else if (reader.is(2, LENGTH_DELIMITED)) typeUrl = reader.string();
    else if (reader.is(3, LENGTH_DELIMITED)) subscribe.push(reader.string());
    else if (reader.is(4, LENGTH_DELIMITED)) unsubscribe.push(reader.string());
    else if (reader.is(5, LENGTH_DELIMITED)) initialVersions.set(...reader.message(readVersion));
    else if (reader.is(6, LENGTH_DELIMITED)) nonce = reader.string();
    else if (reader.is(7, LENGTH_DELIMITED)) error = reader.message(readStatus);
  }
  return { node, typeUrl, subscribe, unsubscribe, initialVersions, nonce, error };
}

function readVersion(reader: WireReader): [string, string] {
  const entry: [string, string] = ['', ''];
  while (reader.next()) {
    if (reader.is(1, LENGTH_DELIMITED)) entry[0] = reader.string();
    else if (reader.is(2, LENGTH_DELIMITED)) entry[1] = reader.string();
  }
  return entry;
}

function readNode(reader: WireReader): NodeIdentity {
  let id = '';
  let service = '';
  let zone = '';
  let version = '';
  let metadata: Record<string, string> = {};
  while (reader.next()) {
    if (reader.is(1, LENGTH_DELIMITED)) id = reader.string();
    else if (reader.is(2, LENGTH_DELIMITED)) service = reader.string();
    else if (reader.is(3, LENGTH_DELIMITED)) metadata = reader.message(readStruct);
    else if (reader.is(4, LENGTH_DELIMITED)) zone = reader.message(readZone);
    else if (reader.is(7, LENGTH_DELIMITED)) version = reader.string();
  }
  return { id, service, zone, version, metadata };
}

function readZone(reader: WireReader): string {
  let zone = '';
  while (reader.next()) if (reader.is(2, LENGTH_DELIMITED)) zone = reader.string();
  return zone;
}

/** `google.protobuf.Struct`, as far as its values are text. */
function readStruct(reader: WireReader): Record<string, string> {
  const entries: [string, string][] = [];
  while (reader.next()) {
    if (!reader.is(1, LENGTH_DELIMITED)) continue;
    const [key, value] = reader.message(readStructEntry);
    if (value !== null) entries.push([key, value]);
  }
  // fromEntries defines own properties, so that a key such as __proto__ is one like any other.
  return Object.fromEntries(entries);
}

function readStructEntry(reader: WireReader): [string, string | null] {
  let key = '';
  let value: string | null = null;
  while (reader.next()) {
    if (reader.is(1, LENGTH_DELIMITED)) key = reader.string();
    else if (reader.is(2, LENGTH_DELIMITED)) value = reader.message(readText);
  }
  return [key, value];
}

/** `google.protobuf.Value`. @returns null where it is no text */
function readText(reader: WireReader): string | null {
  let text: string | null = null;
  while (reader.next()) if (reader.is(3, LENGTH_DELIMITED)) text = reader.string();
  return text;
}

function readStatus(reader: WireReader): RpcStatus {
  let code = 0;
  let message = '';
  const details: TypedOctets[] = [];
  while (reader.next()) {
    if (reader.is(1, VARINT)) code = reader.int32();
    else if (reader.is(2, LENGTH_DELIMITED)) message = reader.string();
    else if (reader.is(3, LENGTH_DELIMITED)) details.push(reader.message(readTyped));
  }
  return { code, message, details };
}

function readTyped(reader: WireReader): TypedOctets {
  let typeUrl = '';
  let value: Uint8Array = new Uint8Array(0);
  while (reader.next()) {
    if (reader.is(1, LENGTH_DELIMITED)) typeUrl = reader.string();
    else if (reader.is(2, LENGTH_DELIMITED)) value = reader.bytes();
  }
  return { typeUrl, value };
}

function readResponse(reader: WireReader): DeltaResponse {
  let systemVersion = '';
  let typeUrl = '';
  let nonce = '';
  const resources: WireResource[] = [];
  const removed: string[] = [];
  while (reader.next()) {
    if (reader.is(1, LENGTH_DELIMITED)) systemVersion = reader.string();
    else if (reader.is(2, LENGTH_DELIMITED)) resources.push(reader.message(readResource));
    else if (reader.is(4, LENGTH_DELIMITED)) typeUrl = reader.string();
    else if (reader.is(5, LENGTH_DELIMITED)) nonce = reader.string();
    else if (reader.is(6, LENGTH_DELIMITED)) removed.push(reader.string());
  }
  return { systemVersion, typeUrl, nonce, resources, removed };
}

function readResource(reader: WireReader): WireResource {
  let name = '';
  let version = '';
  let content: TypedOctets = { typeUrl: '', value: new Uint8Array(0) };
  while (reader.next()) {
    if (reader.is(1, LENGTH_DELIMITED)) version = reader.string();
    else if (reader.is(2, LENGTH_DELIMITED)) content = reader.message(readTyped);
    else if (reader.is(3, LENGTH_DELIMITED)) name = reader.string();
  }
  return { name, version, content };
}
