import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TfjsNodeUnavailableError } from './error.ts';

export const packageName = '@tensorflow/tfjs-node';

/**
 * The Node-API version of the binding. tfjs-node 4.22.0 takes the highest that both it and Node know: 8 on every Node
 * we support. Node-API is stable across Node's versions, so one binding serves them all.
 */
export const napiVersion = 8;

/** An installed tfjs-node. */
export interface TfjsNodePackage {
  /** Its folder, links resolved. */
  readonly directory: string;
  readonly version: string;
  /** Where its native binding is, or would be. */
  readonly binding: string;
}

/** The tfjs-node in this folder. */
export function packageAt(directory: string): TfjsNodePackage {
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string };
  return { directory, version, binding: join(directory, 'lib', `napi-v${napiVersion}`, 'tfjs_binding.node') };
}

/**
 * The tfjs-node that this package would load; else the one that the working folder would: it is an optional peer, so
 * that a strict package manager may make it visible to the application alone.
 *
 * @throws {TfjsNodeUnavailableError} if there is none.
 */
export function findTfjsNode(): TfjsNodePackage {
  for (const place of [import.meta.url, pathToFileURL(join(process.cwd(), 'index.js'))]) {
    try {
      return packageAt(dirname(createRequire(place).resolve(`${packageName}/package.json`)));
    } catch {
      // Not visible from there.
    }
  }
  throw new TfjsNodeUnavailableError(
    `the package ${packageName} is not installed`,
    `npm install ${packageName}@4.22.0, then isoloss setup tfjs-node`,
  );
}
