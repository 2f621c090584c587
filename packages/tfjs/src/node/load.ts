import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { keepQuiet, restoreUtil } from './compatibility.ts';
import { messageOf, TfjsNodeUnavailableError } from './error.ts';
import { tfjsNodeStatus } from './status.ts';

/** What `import('@tensorflow/tfjs-node')` gives. */
export type TfjsNode = typeof import('@tensorflow/tfjs-node');

let loading: Promise<TfjsNode> | undefined;

/**
 * tfjs-node, with its native TensorFlow, on every Node that we support: it restores what Node 23 removed, keeps
 * TensorFlow's start-up messages off the terminal, and gives a typed error in place of a crash.
 *
 * It sets `TF_CPP_MIN_LOG_LEVEL=3` and `TF_ENABLE_ONEDNN_OPTS=0` unless they are set (in a worker thread they reach
 * TensorFlow only if they are set for the process).
 *
 * @example
 * import { loadTfjsNode } from '@isoloss/tfjs/node';
 * const tf = await loadTfjsNode();
 * tf.tensor1d([1, 2]).square().print();
 *
 * @throws {TfjsNodeUnavailableError} if the package is not installed, has no binding, or can't be loaded here.
 */
export function loadTfjsNode(): Promise<TfjsNode> {
  loading ??= load().catch((error: unknown) => {
    // So that it can be tried again after a set-up.
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<TfjsNode> {
  const status = await tfjsNodeStatus();
  if (!status.available) throw new TfjsNodeUnavailableError(status.reason, status.remedy);
  restoreUtil();
  keepQuiet();
  try {
    const require = createRequire(pathToFileURL(`${status.directory}/`));
    return require(status.directory) as TfjsNode;
  } catch (error) {
    throw new TfjsNodeUnavailableError(
      `it loads in a new process but not in this one: ${messageOf(error)}`,
      'load it before other native packages',
      { cause: error },
    );
  }
}
