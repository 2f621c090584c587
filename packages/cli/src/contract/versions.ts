import semver from 'semver';
import type { ChangeClass } from './types.ts';

/** The bump from one version to another; a prerelease counts as what it leads to. */
export function bumpBetween(from: string, to: string): ChangeClass {
  if (!semver.gt(to, from)) return 'none';
  const [a, b] = [semver.parse(from)!, semver.parse(to)!];
  if (a.major !== b.major) return 'major';
  return a.minor !== b.minor ? 'minor' : 'patch';
}

/**
 * The least bump that a class of change allows after a version.
 *
 * From 1.0.0 on they are the same. Before, npm's caret takes over the minor's part: ^0.2.3 stands for 0.2.x, and
 * ^0.0.3 for 0.0.3 alone. What breaks must leave the caret range of the release, so that nobody gets it without asking;
 * what does not break may stay in it. A breaking change to 0.x need not make it 1.0.0.
 */
export function neededBump(change: ChangeClass, from: string): ChangeClass {
  const { major, minor } = semver.parse(from)!;
  if (change === 'none' || change === 'patch' || major > 0) return change;
  return change === 'major' && minor > 0 ? 'minor' : 'patch';
}
