import { readCheckedDocument, writeCheckedDocument } from '#identity/checked-document.ts';
import type { Prompt, Rotation, RootSet } from './root-rotation.ts';
import type { RootKeyPair } from './signer.ts';
import type { StateFolder } from './state-folder.ts';

/** What the built-in authority keeps: its roots with their keys, and the trust domain that they are for. */
export interface AuthorityState extends RootSet {
  readonly trustDomain: string;
}

const FILE = 'authority';
const KIND = 'selvage-authority';
const VERSION = 1;

/**
 * @returns undefined where the folder holds none yet
 * @throws where it is damaged: to begin with a new root then would cut off every proxy that trusts the old one
 */
export function loadAuthorityState(folder: StateFolder): AuthorityState | undefined {
  const text = folder.read(FILE);
  if (text === undefined) return undefined;
  const document = readCheckedDocument(text, KIND, VERSION);
  if ('fault' in document) throw new Error(damaged(folder, document.fault));
  if (!isState(document.body)) throw new Error(damaged(folder, 'its fields are not those of an authority'));
  return document.body;
}

export function saveAuthorityState(folder: StateFolder, state: AuthorityState): void {
  folder.write(FILE, writeCheckedDocument(KIND, VERSION, state));
}

/** @returns false where another process was faster */
export function createAuthorityState(folder: StateFolder, state: AuthorityState): boolean {
  return folder.create(FILE, writeCheckedDocument(KIND, VERSION, state));
}

function damaged(folder: StateFolder, fault: string): string {
  return (
    `cannot read the certificate authority from ${folder.pathOf(FILE)}: ${fault} ` +
    '(restore the file from a backup; without it every proxy has to join again with a new root)'
  );
}

function isState(body: unknown): body is AuthorityState {
  const state = body as Partial<Record<keyof AuthorityState, unknown>> | null;
  if (typeof state !== 'object' || state === null) return false;
  return (
    typeof state.trustDomain === 'string' &&
    [state.bundleVersion, state.longestLifetimeMs].every(Number.isSafeInteger) &&
    isRotation(state.rotation) &&
    Array.isArray(state.roots) &&
    state.roots.length === (state.rotation.phase === 'steady' ? 1 : 2) &&
    state.roots.every(isRootKeyPair)
  );
}

function isRotation(value: unknown): value is Rotation {
  const rotation = value as Partial<Record<'phase' | 'switchAtMs' | 'dropAtMs' | 'prompt', unknown>> | null | undefined;
  switch (rotation?.phase) {
    case 'steady':
      return true;
    case 'announced':
      return Number.isSafeInteger(rotation.switchAtMs) && isPrompt(rotation.prompt);
    case 'retiring':
      return Number.isSafeInteger(rotation.dropAtMs) && isPrompt(rotation.prompt);
    default:
      return false;
  }
}

function isPrompt(value: unknown): value is Prompt | undefined {
  if (value === undefined) return true;
  return typeof value === 'object' && value !== null && 'marginMs' in value && Number.isSafeInteger(value.marginMs);
}

function isRootKeyPair(value: unknown): value is RootKeyPair {
  const root = value as Partial<Record<keyof RootKeyPair, unknown>> | null;
  return typeof root?.certificate === 'string' && typeof root.privateKey === 'string';
}
