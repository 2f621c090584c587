import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Sandbox } from './sandbox.ts';

export const root = path.resolve(import.meta.dirname, '../../..');
export const pnpm = path.join(root, 'node_modules/pnpm/bin/pnpm.cjs');

/** A copy of this tree to make releases in. */
export class Workspace {
  readonly folder: string;
  private readonly sandbox: Sandbox;

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
    this.folder = sandbox.path('workspace');
  }

  /** The files of this tree as a clone would have them, with those that git does not know yet; installed, not built. */
  static async copy(sandbox: Sandbox): Promise<Workspace> {
    const workspace = new Workspace(sandbox);
    const { folder } = workspace;
    const listed = await sandbox.run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
    });
    // What is deleted and not yet committed is still in git's list.
    for (const file of new Set(listed.stdout.split('\0').filter(Boolean)))
      if (existsSync(path.join(root, file))) cpSync(path.join(root, file), path.join(folder, file));
    // Changesets look for the base of the branch.
    await sandbox.run('git', ['init', '-q', '-b', 'main'], { cwd: folder });
    await workspace.commit('copy');
    // From this tree's own store: it is the release that is tested, not how the workspace is installed.
    await sandbox.run(
      process.execPath,
      [pnpm, 'install', '--frozen-lockfile', '--prefer-offline', '--ignore-scripts'],
      {
        cwd: folder,
        asCaller: true,
      },
    );
    return workspace;
  }

  /** The next version as CI makes it, from a changeset, committed and built. */
  async version(bump: 'patch' | 'minor'): Promise<string> {
    writeFileSync(
      path.join(this.folder, '.changeset/of-the-test.md'),
      `---\n"isoloss": ${bump}\n---\n\nA release of the end-to-end test.\n`,
    );
    await this.npm('run', 'version');
    await this.commit('version');
    await this.npm('run', 'build');
    return JSON.parse(this.read('packages/core/package.json')).version;
  }

  /** `npm run release` as CI runs it, but certified by one loss. */
  async release(...args: string[]): Promise<string> {
    return (await this.npm('run', '--silent', 'release', '--', ...args, '--losses', 'huber')).stdout;
  }

  npm(...args: string[]): ReturnType<Sandbox['run']> {
    return this.sandbox.run('npm', args, { cwd: this.folder });
  }

  read(file: string): string {
    return readFileSync(path.join(this.folder, file), 'utf8');
  }

  private async commit(message: string): Promise<void> {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
    await this.sandbox.run('git', ['add', '-A'], { cwd: this.folder });
    await this.sandbox.run('git', [...identity, 'commit', '-q', '-m', message], { cwd: this.folder });
  }
}
