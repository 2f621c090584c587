import { setupTfjsNode } from '@isoloss/tfjs/node';
import { isBackendId } from '../backends.ts';
import { UsageError } from '../errors.ts';
import { print, printJSON } from '../output.ts';
import { quietly } from '../quiet.ts';
import type { SetupFlags } from './setup.ts';

export async function setup(backend: string, { force, official, json }: SetupFlags): Promise<void> {
  if (backend !== 'tfjs-node')
    throw new UsageError(
      isBackendId(backend)
        ? `${backend} needs no set-up; isoloss backends shows whether it works`
        : `there is no set-up for ${JSON.stringify(backend)}; there is one for tfjs-node`,
    );
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Error('interrupted; run it again to go on'));
  process.once('SIGINT', interrupt);
  try {
    const result = await quietly(() =>
      setupTfjsNode({
        onProgress: (message) => process.stderr.write(`${message}\n`),
        force,
        // Left to its own default (and ISOLOSS_TFJS_NODE_OFFICIAL) unless the flag says no.
        official: official === false ? false : undefined,
        signal: stop.signal,
      }),
    );
    if (json) printJSON(result);
    else {
      const how = { ready: 'works already', installed: 'was installed', built: 'was built' }[result.status];
      print(`tfjs-node ${how}: TensorFlow ${result.tensorflow}, ${result.seconds} s`);
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
}
