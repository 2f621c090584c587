import { findLoss } from '@isoloss/core';
import { backendList } from '../backends.ts';
import { jobsOf, split } from '../conformance/filters.ts';
import { endWithSignals } from '../conformance/participants.ts';
import { write } from '../conformance/reports.ts';
import { contract } from '../contract/contract.ts';
import { contractMarkdown } from '../contract/markdown.ts';
import { type Bump, bumps } from '../contract/pending.ts';
import { contractText } from '../contract/text.ts';
import { UsageError } from '../errors.ts';
import { print, printJSON } from '../output.ts';
import { loadedPackages } from '../packages/loaded.ts';
import { Progress } from '../progress.ts';
import { quietly } from '../quiet.ts';
import type { ContractFlags } from './contract.ts';

export async function examineContract(flags: ContractFlags): Promise<void> {
  const [loaded, another] = loadedPackages();
  if (another !== undefined) throw new UsageError('contract compares one package of losses at a time');
  const request = {
    package: loaded,
    against: flags.against ?? [],
    losses: split(flags.loss)?.map(idOf),
    backends: flags.backend === undefined ? undefined : backendList(flags.backend),
    jobs: jobsOf(flags.jobs),
    bump: bumpOf(flags.bump),
  };
  endWithSignals();
  const progress = new Progress('contract');
  const report = await quietly(async () => {
    try {
      return await contract({
        ...request,
        onStage: (what) => {
          progress.end();
          process.stderr.write(`contract: ${what}\n`);
        },
        onProgress: (done, total, what) => progress.at(done, total, what),
      });
    } finally {
      progress.end();
    }
  });
  const { markdown, json } = flags;
  if (json) printJSON(report);
  else print(markdown === true ? contractMarkdown(report).trimEnd() : contractText(report));
  if (typeof markdown === 'string') {
    await write(markdown, contractMarkdown(report));
    process.stderr.write(`wrote ${markdown}\n`);
  }
  process.exitCode = report.ok ? 0 : 1;
}

/** By alias, too, or in kebab-case; a loss that is gone is known by its id. */
function idOf(name: string): string {
  try {
    return findLoss(name).id;
  } catch {
    return name;
  }
}

/** @throws UsageError */
function bumpOf(bump: string | undefined): Bump | undefined {
  const found = bumps.find((one) => one === bump);
  if (bump !== undefined && found === undefined)
    throw new UsageError(`--bump is ${bumps.join(', ')}, not ${bump}; without it the changesets say`);
  return found;
}
