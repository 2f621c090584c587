import { TfjsNodeUnavailableError } from './error.ts';
import { run } from './run.ts';

/**
 * The first Python 3 of `PYTHON`, `npm_config_python`, `python3` and `python` that runs; node-gyp needs one too.
 *
 * @throws {TfjsNodeUnavailableError} if there is none.
 */
export async function findPython(signal?: AbortSignal): Promise<string> {
  const { PYTHON, npm_config_python: configured } = process.env;
  for (const command of [PYTHON, configured, 'python3', 'python']) {
    if (!command) continue;
    const { code, stdout } = await run(command, ['-c', 'import sys; print(sys.version_info[0], sys.executable)'], {
      signal,
      stallMs: 30_000,
    });
    const [major, executable] = stdout.trim().split(/ (.*)/);
    if (code === 0 && major === '3' && executable) return executable;
  }
  throw new TfjsNodeUnavailableError(
    'building its native binding needs Python 3, and there is no python3 on the PATH',
    'install Python 3.10 or newer with pip, then isoloss setup tfjs-node',
  );
}
