import { accessSync, constants, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { findPrivateFileProblem, findPrivateFolderProblem } from '#identity/private-path.ts';
import { type Finding, findingsAbout } from './finding.ts';

/** A folder that holds secrets: whether it can be used, and whether nobody else can. */
export function checkPrivateFolder(path: string): readonly Finding[] {
  const { good, bad } = findingsAbout('state folder');
  const uid = process.getuid?.() ?? 0;
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return [checkParent(path)];
    const problem = findPrivateFolderProblem(path, stat, uid);
    if (problem !== undefined) return [adviceApart(bad, problem)];
    accessSync(path, constants.W_OK);
    const problems = readdirSync(path).flatMap((name) => {
      const file = lstatSync(join(path, name), { throwIfNoEntry: false });
      return file === undefined ? [] : (findPrivateFileProblem(join(path, name), file, uid) ?? []);
    });
    return problems.length > 0 ? problems.map((one) => adviceApart(bad, one)) : [good(`${path} is this user's alone`)];
  } catch (error) {
    return [bad(`cannot look into ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)];
  }
}

/** It is made at the start, with all that is missing above it. */
function checkParent(path: string): Finding {
  const { good, bad } = findingsAbout('state folder');
  let above = dirname(path);
  while (lstatSync(above, { throwIfNoEntry: false }) === undefined && above !== dirname(above)) above = dirname(above);
  try {
    accessSync(above, constants.W_OK | constants.X_OK);
    return good(`${path} does not exist yet, and will be made`);
  } catch {
    return bad(`${path} does not exist, and cannot be made in ${above}`, 'make it, or name another one with --state');
  }
}

/** Messages end with what to do, in brackets. */
function adviceApart(bad: (text: string, advice?: string) => Finding, problem: string): Finding {
  const [, text = problem, advice = ''] = /^(.*?)(?: \((.*)\))?$/.exec(problem) ?? [];
  return bad(text, advice);
}
