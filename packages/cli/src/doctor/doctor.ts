import type { FloatDType } from '@isoloss/core';
import { version } from '@isoloss/core';
import { type BackendId, backendIds, registration } from '../backends.ts';
import { messageOf } from '../errors.ts';
import { type CertificateReport, certificateOf } from './certificate.ts';
import { openChild } from './child.ts';
import { type Environment, findEnvironment } from './environment.ts';
import { type KnownBad, knownBad } from './known-bad.ts';
import { findPackages, type InstallScript, isInstalled, nativeState } from './packages.ts';
import type { Probe } from './probe-child.ts';

/** A package that a backend stands on, as it is installed. */
export interface PackageReport {
  readonly name: string;
  /** null: not installed. */
  readonly version: string | null;
  readonly directory: string | null;
  /** The native binding for this platform; null if it is not there. Left out of a package that has none. */
  readonly native?: string | null;
  readonly installScript?: InstallScript;
}

/**
 * `works`: it computes. `missing`: a package is not installed. `unfinished`: all are, but a native binding is not
 * there, since an install script did not run or there is none for this platform. `broken`: all is there, and it does not work.
 */
export type Status = 'works' | 'missing' | 'unfinished' | 'broken';

/** How one backend fares on this machine. */
export interface BackendReport {
  readonly id: BackendId;
  readonly summary: string;
  readonly status: Status;
  readonly packages: readonly PackageReport[];
  /** Whether a process that loaded it lived to say so. */
  readonly loadable: boolean;
  readonly runtime: string | null;
  /** From its import to its first numbers. */
  readonly milliseconds: number | null;
  /** In which it computed a loss and its gradient. */
  readonly dtypes: readonly FloatDType[];
  /** Threads that it can be given; null if it takes no number. */
  readonly threads: number | null;
  readonly executionProviders: readonly { readonly name: string; readonly bundled: boolean }[] | null;
  readonly knownBad: readonly KnownBad[];
  readonly notes: readonly string[];
  /** What its release's own conformance run found; null if its package carries none. */
  readonly certificate: CertificateReport | null;
  /** Of one that does not work: why, and what to do, each in a line. */
  readonly reason: string | null;
  readonly remedy: string | null;
}

/** What {@link doctor} found: the machine, every backend, what is wrong. */
export interface DoctorReport {
  readonly schema: 'isoloss-doctor/1';
  readonly version: string;
  readonly environment: Environment;
  readonly backends: readonly BackendReport[];
  /** What keeps the exit code from being 0. */
  readonly problems: readonly string[];
  readonly ok: boolean;
}

/** What {@link doctor} looks at. */
export interface DoctorRequest {
  /** All if left out. One that is asked for has to work. */
  readonly backends?: readonly BackendId[] | undefined;
  /** After which a backend that does not answer is taken to hang. */
  readonly timeoutMs?: number;
  /** Called before each backend is tried. */
  onProgress?(done: number, total: number, what: string): void;
}

/** The oldest that works. */
const oldestNode = [20, 19] as const;

/** Looks at this machine and tries every backend, each in a process of its own. Nothing that one does ends the report. */
export async function doctor({
  backends: asked,
  timeoutMs = 60_000,
  onProgress,
}: DoctorRequest = {}): Promise<DoctorReport> {
  const environment = findEnvironment();
  const ids = asked ?? backendIds;
  const reports: BackendReport[] = [];
  // One after another: a load that waits for its neighbours' looks like one that hangs.
  for (const id of ids) {
    onProgress?.(reports.length, ids.length, id);
    reports.push(await examine(id, environment, timeoutMs));
  }
  const problems = [
    ...oldRuntime(environment),
    ...reports
      .filter(({ status }) => status === 'broken' || (asked !== undefined && status !== 'works'))
      .map(({ id, reason, remedy }) => `${id}: ${reason}; to mend it: ${remedy}`),
  ];
  return { schema: 'isoloss-doctor/1', version, environment, backends: reports, problems, ok: problems.length === 0 };
}

function oldRuntime({ runtime }: Environment): string[] {
  const [major = 0, minor = 0] = runtime.version.split('.').map(Number);
  const old = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  return runtime.name === 'node' && old
    ? [`Node ${runtime.version} is too old: isoloss needs ${oldestNode.join('.')} or newer`]
    : [];
}

async function examine(id: BackendId, environment: Environment, timeoutMs: number): Promise<BackendReport> {
  const { packages: names, summary } = registration(id);
  const found = findPackages(names);
  const packages = found.map((entry): PackageReport => {
    if (!isInstalled(entry)) return { name: entry.name, version: null, directory: null };
    const { name, directory } = entry;
    const state = nativeState(entry);
    return {
      name,
      version: entry.version,
      directory,
      ...(state === undefined ? {} : { native: state.binding }),
      ...(state?.installScript ? { installScript: state.installScript } : {}),
    };
  });
  const bad = found.flatMap((entry) => (isInstalled(entry) ? knownBad(entry, environment) : []));
  const absent = found.filter((entry) => !isInstalled(entry)).map(({ name }) => name);
  const common = {
    id,
    summary,
    packages,
    loadable: false,
    runtime: null,
    milliseconds: null,
    dtypes: [],
    threads: null,
    executionProviders: null,
    knownBad: bad,
    notes: [],
    certificate: certificateOf(id, found[0], null),
  } as const;
  const fatal = bad.find(({ effect }) => effect === 'breaks');
  if (absent.length > 0)
    return {
      ...common,
      status: 'missing',
      reason: `${absent.join(' and ')} ${absent.length === 1 ? 'is' : 'are'} not installed`,
      remedy: `npm install ${absent.join(' ')}`,
    };
  const unbound = packages.find(({ native }) => native === null);
  if (unbound !== undefined) return { ...common, status: 'unfinished', ...whyUnbound(unbound, fatal, environment) };
  const child = openChild('doctor/probe-child');
  try {
    const judged = judge(await child.ask<Probe>({ id }, timeoutMs), fatal);
    return { ...common, ...judged, certificate: certificateOf(id, found[0], judged.runtime) };
  } catch (error) {
    return {
      ...common,
      status: 'broken',
      reason: `loading it: ${messageOf(error)}`,
      remedy: fatal?.remedy ?? reinstall(names),
    };
  } finally {
    child.end();
  }
}

const reinstall = (names: readonly string[]): string =>
  `install ${names.at(-1)} anew, for this platform and this Node (remove node_modules first if it came from elsewhere)`;

function whyUnbound(
  { name, installScript }: PackageReport,
  fatal: KnownBad | undefined,
  { os, arch }: Environment,
): { reason: string; remedy: string } {
  if (fatal !== undefined) return { reason: fatal.what, remedy: fatal.remedy };
  if (installScript === undefined || installScript.state === 'not needed')
    return {
      reason: `${name} has no native binding for ${os.platform} ${arch}`,
      remedy: `install it on the platform that it runs on, or use the backend wasm`,
    };
  const how = installScript.state === 'blocked' ? `was blocked by ${installScript.by}` : 'did not run, or failed';
  return {
    reason: `${name} has no native binding: its install script ${how}`,
    // There is a set-up for the one package whose script is known to fail; for the others the script is the way.
    remedy: name.endsWith('/tfjs-node') ? 'isoloss setup tfjs-node' : `npm rebuild ${name}, with its scripts allowed`,
  };
}

function judge(
  probe: Probe,
  fatal: KnownBad | undefined,
): Omit<BackendReport, 'id' | 'summary' | 'packages' | 'knownBad' | 'certificate'> {
  const { description, milliseconds, dtypes, problems, threads, executionProviders } = probe;
  const works = description.available && problems.length === 0;
  return {
    status: works ? 'works' : 'broken',
    loadable: description.available,
    runtime: description.runtime,
    milliseconds: Math.round(milliseconds),
    dtypes,
    threads,
    executionProviders,
    notes: description.notes ?? [],
    reason: works ? null : (description.reason ?? (problems.join('; ') || 'it gives no reason')),
    remedy: works
      ? null
      : (fatal?.remedy ?? description.remedy ?? 'isoloss conformance shows what else it computes wrongly'),
  };
}
