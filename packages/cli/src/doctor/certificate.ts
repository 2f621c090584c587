import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '@isoloss/conformance';
import type { BackendId } from '../backends.ts';
import { type Installed, isInstalled } from './packages.ts';

/** What the conformance run of a release found on a backend, beside the runtime that is here. */
export interface CertificateReport {
  readonly release: string;
  readonly date: string;
  /** false: of a rehearsal, in which not every loss was run. */
  readonly complete: boolean;
  readonly losses: number;
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
  /** Largest error over its derived bound. */
  readonly worst: number | null;
  /** SHA-256 of the vectors. */
  readonly vectors: string;
  readonly runtime: string;
  readonly place: Certificate['place'];
  /** Whether the runtime here is of the certified version; null if none runs here. */
  readonly sameRuntime: boolean | null;
  readonly remedy: string | null;
}

/**
 * The certificate that a backend's package carries, or null: the reference has no package of its own, and a package that
 * was not published has no release.
 *
 * @param runtime as the backend describes itself here; null if it does not run
 */
export function certificateOf(
  id: BackendId,
  adapter: Installed | { readonly missing: true } | undefined,
  runtime: string | null,
): CertificateReport | null {
  if (adapter === undefined || !isInstalled(adapter)) return null;
  const certificate = readCertificate(adapter.directory);
  if (certificate === null) return null;
  const { release, date, complete, vectors, place, backends } = certificate;
  const own = backends.find((backend) => backend.id === id);
  if (own === undefined) return null;
  const { passed, failed, skipped, worst } = own;
  const sameRuntime = runtime === null ? null : runtime === own.runtime;
  return {
    release,
    date,
    complete,
    losses: Object.keys(own.losses).length,
    total: passed + failed + skipped,
    passed,
    skipped,
    worst,
    vectors: vectors.sha256,
    runtime: own.runtime,
    place,
    sameRuntime,
    remedy:
      sameRuntime === false
        ? `${runtime} runs here; isoloss conformance --backend ${id} shows whether it holds the same vectors`
        : null,
  };
}

/** null if there is none, or it is of a form that a later version writes. */
function readCertificate(directory: string): Certificate | null {
  try {
    const certificate: Certificate = JSON.parse(readFileSync(join(directory, 'conformance.json'), 'utf8'));
    return certificate.schema === 'isoloss-certificate/1' ? certificate : null;
  } catch {
    return null;
  }
}
