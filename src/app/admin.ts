import type { UpOptions } from '#cli/up.ts';
import type { DataPlane } from './data-plane.ts';
import type { ServedFolder } from './served-folder.ts';

/** The admin API of this process. */
export interface Admin {
  readonly url: string;
  close(): Promise<void>;
}

/** What the admin API tells of. */
export interface AdminSubject {
  readonly phase: () => 'starting' | 'ready' | 'draining';
  readonly dataPlane: DataPlane;
  readonly folder: ServedFolder;
}

export async function openAdmin(address: NonNullable<UpOptions['admin']>, subject: AdminSubject): Promise<Admin> {
  void subject;
  return { url: `http://${address.address}:${address.port}`, close: async () => {} };
}
