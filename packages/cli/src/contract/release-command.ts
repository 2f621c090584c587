import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BackendDescription } from '@isoloss/core';
import type { Release } from './release.ts';

/** The command of a release, as it would be typed. */
export function releaseCommand({ packages, name }: Release): string[] {
  const main = packages.find(({ manifest }) => manifest.name === name)!;
  const { bin = {} } = main.manifest;
  const file = typeof bin === 'string' ? bin : bin[name];
  if (file === undefined) throw new Error(`${name} has no command ${name}`);
  return [process.execPath, join(main.folder, file)];
}

/** What the release says of its backends, here. */
export async function describeRelease(release: Release): Promise<BackendDescription[]> {
  const [program, ...args] = releaseCommand(release);
  const { stdout } = await promisify(execFile)(program!, [...args, 'backends', '--json'], {
    timeout: 120_000,
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(stdout);
}
