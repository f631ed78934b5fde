import { authorityCertificates } from '#model/authority-certificates.ts';
import type { Diagnostic } from '#model/diagnostic.ts';
import type { LoadedResource } from '#model/documents.ts';
import type { Path } from '#model/field-path.ts';
import { resourceKey } from '#model/resource.ts';
import { secretEntry } from '#model/secret.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { diagnosticOf } from '../finding.ts';
import type { Inventory } from '../inventory.ts';
import type { Memo } from '../memo.ts';
import type { AuthorityHolder } from './authorities.ts';
import { judgeValidities, readValidities } from './certificate-validity.ts';

/** Certificates of a snapshot and where they were declared: what nobody uses may expire unnoticed. */
export class CertificatesInUse {
  readonly #inventory: Inventory;
  readonly #memo: Memo;
  readonly #entries = new Map<string, { readonly holder: AuthorityHolder; readonly entry: 'tls.crt' | 'ca.crt' }>();

  constructor(inventory: Inventory, memo: Memo) {
    this.#inventory = inventory;
    this.#memo = memo;
  }

  /** Notes the certificates among some resources. */
  use(resources: readonly SnapshotResource[]): void {
    for (const { type, name } of resources) {
      if (type !== 'certificate') continue;
      const [, namespace = '', secretName = ''] = name.split('/');
      const holder = this.#inventory.find('Secret', namespace, secretName);
      if (holder !== undefined) this.#entries.set(`${resourceKey(holder)} tls.crt`, { holder, entry: 'tls.crt' });
    }
  }

  /** Notes what holds certificates of authorities. */
  trust(holders: readonly AuthorityHolder[]): void {
    for (const holder of holders) this.#entries.set(`${resourceKey(holder)} ca.crt`, { holder, entry: 'ca.crt' });
  }

  /** Says which are not valid at a time, or soon will not be. */
  judge(nowMs: number): readonly Diagnostic[] {
    return [...this.#entries].flatMap(([key, { holder, entry }]) => {
      const validities = this.#memo.derive(`validity ${key}`, [holder], () => readValidities(pemOf(holder, entry)));
      const place = this.#inventory.placeOf(holder);
      return judgeValidities(validities, writtenPath(place, entry), nowMs).map((finding) =>
        diagnosticOf(finding, place),
      );
    });
  }
}

function pemOf(holder: AuthorityHolder, entry: string): string {
  if (entry === 'ca.crt') return (authorityCertificates(holder) ?? []).join('\n');
  return holder.kind === 'Secret' ? (secretEntry(holder, entry)?.toString('latin1') ?? '') : '';
}

/** The model folds entries of `stringData` into `data`; people look where they wrote them. */
function writtenPath(place: LoadedResource, entry: string): Path {
  const isWritten = (field: string) => {
    const [parent, own] = [place.locate([field]), place.locate([field, entry])];
    return own.line !== parent.line || own.column !== parent.column;
  };
  return [['stringData', 'binaryData'].find(isWritten) ?? 'data', entry];
}
