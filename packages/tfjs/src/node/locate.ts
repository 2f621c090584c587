import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TfjsNodeUnavailableError } from './error.ts';

const packageName = '@tensorflow/tfjs-node';

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

/** Where a file of an optional peer is: as this package sees it, else as the working folder does; strict package managers show it to one alone. */
function resolvePeer(file: string): string | undefined {
  for (const place of [import.meta.url, pathToFileURL(join(process.cwd(), 'index.js'))]) {
    try {
      return createRequire(place).resolve(file);
    } catch {
      // Not visible from there.
    }
  }
  return undefined;
}

/**
 * The tfjs-node that this package would load; else the one that the working folder would.
 *
 * @throws {TfjsNodeUnavailableError} if there is none.
 */
export function findTfjsNode(): TfjsNodePackage {
  const manifest = resolvePeer(`${packageName}/package.json`);
  if (manifest !== undefined) return packageAt(dirname(manifest));
  throw new TfjsNodeUnavailableError(
    `the package ${packageName} is not installed`,
    `npm install ${packageName}@4.22.0, then isoloss setup tfjs-node`,
  );
}

/** node-gyp's program; undefined where it is not installed. The command `isoloss` brings it; who only computes needs none. */
export const findNodeGyp = (): string | undefined => resolvePeer('node-gyp/bin/node-gyp.js');
