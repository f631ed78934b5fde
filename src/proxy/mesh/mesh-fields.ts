import { createUuidV7 } from '#base/uuid-v7.ts';
import type { Exchange } from '../exchange/exchange.ts';

/** Longest request id that is taken over, in characters; it goes into every log line. */
const MAX_REQUEST_ID_LENGTH = 128;
const CLIENT_CERTIFICATE = 'x-forwarded-client-cert';
const REQUEST_ID = 'x-request-id';

/**
 * Says under which id a request goes, and of which peer this proxy knows it, in one pass over the fields. An id that
 * came is kept, so that one request has one id at all its hops; nobody says who a peer is but the proxy that verified it.
 *
 * @param certificate value of `X-Forwarded-Client-Cert`; '' where the peer showed none
 */
export const identifyInMesh = (exchange: Exchange, certificate: string): void => {
  const { entries } = exchange.request.fields;
  let kept = 0;
  let requestId = '';
  for (let i = 0; i < entries.length; i += 2) {
    const name = entries[i]!;
    const value = entries[i + 1]!;
    if (name === CLIENT_CERTIFICATE) continue;
    if (name === REQUEST_ID) {
      requestId = value;
      continue;
    }
    if (kept !== i) {
      entries[kept] = name;
      entries[kept + 1] = value;
    }
    kept += 2;
  }
  if (kept !== entries.length) entries.length = kept;
  exchange.requestId = isUsable(requestId) ? requestId : createUuidV7();
  entries.push(REQUEST_ID, exchange.requestId);
  if (certificate !== '') entries.push(CLIENT_CERTIFICATE, certificate);
};

/** Visible ASCII of a bounded length: it is copied into logs and answers. */
const isUsable = (value: string): boolean => {
  if (value === '' || value.length > MAX_REQUEST_ID_LENGTH) return false;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c < 0x21 || c > 0x7e) return false;
  }
  return true;
};
