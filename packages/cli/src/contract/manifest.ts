import semver from 'semver';
import type { Finding } from './types.ts';

/** What of a package.json those who install the package depend on. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: unknown;
  readonly types?: string;
  readonly bin?: string | Readonly<Record<string, string>>;
  readonly engines?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly isoloss?: { readonly losses?: string; readonly vectors?: string };
}

/**
 * What an installation must be like now: commands, engines, and peers but those of `group`, which are released together.
 */
export function compareManifests(before: Manifest, after: Manifest, group: ReadonlySet<string> = new Set()): Finding[] {
  const findings: Finding[] = [];
  const say = (change: Finding['class'], what: string, one?: string, other?: string) =>
    findings.push({
      class: change,
      area: 'manifest',
      subject: before.name,
      what,
      ...(one === undefined ? {} : { before: one }),
      ...(other === undefined ? {} : { after: other }),
    });
  const commands = ({ name, bin }: Manifest) => (typeof bin === 'string' ? [name] : Object.keys(bin ?? {}));
  for (const command of commands(before))
    if (!commands(after).includes(command)) say('major', `the command ${command} is gone`);
  for (const command of commands(after))
    if (!commands(before).includes(command)) say('minor', `a new command, ${command}`);
  for (const engine of keysOf(before.engines, after.engines))
    narrowed(`${engine} that it runs on`, before.engines?.[engine] ?? '*', after.engines?.[engine] ?? '*', say);
  const optional = ({ peerDependenciesMeta }: Manifest, peer: string) =>
    peerDependenciesMeta?.[peer]?.optional === true;
  for (const peer of keysOf(before.peerDependencies, after.peerDependencies)) {
    if (group.has(peer)) continue;
    const [was, is] = [before.peerDependencies?.[peer], after.peerDependencies?.[peer]];
    if (is === undefined) say('patch', `it doesn’t need the peer ${peer} any more`);
    else if (was === undefined)
      say(
        optional(after, peer) ? 'minor' : 'major',
        `${optional(after, peer) ? 'a new optional' : 'it needs a new'} peer, ${peer}`,
      );
    else {
      narrowed(`${peer} beside it`, was, is, say);
      if (optional(before, peer) && !optional(after, peer)) say('major', `the peer ${peer} isn’t optional any more`);
      if (!optional(before, peer) && optional(after, peer)) say('minor', `the peer ${peer} is optional now`);
    }
  }
  return findings;
}

function narrowed(
  what: string,
  before: string,
  after: string,
  say: (change: Finding['class'], what: string, before: string, after: string) => void,
): void {
  if (before === after) return;
  const comparable = semver.validRange(before) !== null && semver.validRange(after) !== null;
  if (comparable && semver.subset(before, after)) say('minor', `more versions of ${what}`, before, after);
  else say('major', comparable ? `fewer versions of ${what}` : `other versions of ${what}`, before, after);
}

const keysOf = (a: object = {}, b: object = {}): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])];
