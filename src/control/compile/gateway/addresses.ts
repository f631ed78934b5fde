/**
 * Tells whether listening on one address takes a port from another too: no two sockets of a machine may overlap.
 *
 * @param wide an IP address, or '' for all of the machine
 */
export function covers(wide: string, narrow: string): boolean {
  // `::` takes IPv4 as well, as sockets do unless told otherwise.
  if (wide === '' || wide === '::') return true;
  return wide === '0.0.0.0' ? isIpv4(narrow) : wide === narrow;
}

/** Leaves out what another address covers; of two that are the same the first stays. */
export function distinctAddresses(addresses: readonly string[]): readonly string[] {
  let distinct: readonly string[] = [];
  for (const address of addresses) {
    if (distinct.some((kept) => covers(kept, address))) continue;
    distinct = [...distinct.filter((kept) => !covers(address, kept)), address];
  }
  return distinct;
}

function isIpv4(address: string): boolean {
  return address.includes('.') && !address.includes(':');
}
