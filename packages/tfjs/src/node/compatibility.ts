import util from 'node:util';

/**
 * Node 23 removed `util.isNullOrUndefined`, which tfjs-node 4.22.0 calls in `topk` and in executing operations, and
 * Node 22 prints a deprecation warning for it and for `util.isArray`, the only other one that it uses. Both are put
 * back, silent; nothing else of `util` is touched.
 */
export function restoreUtil(): void {
  const noisy = Number.parseInt(process.versions.node, 10) >= 22;
  const old: Record<string, (value: unknown) => boolean> = {
    isNullOrUndefined: (value) => value === null || value === undefined,
    isArray: Array.isArray,
  };
  const target = util as unknown as Record<string, unknown>;
  for (const [name, test] of Object.entries(old)) {
    if (noisy || typeof target[name] !== 'function') target[name] = test;
  }
}

/**
 * What keeps TensorFlow's native code from writing to the terminal when it starts. Level 3 leaves out everything but
 * fatal errors; operations still report theirs as exceptions. The notice about oneDNN comes before TensorFlow has read
 * that level, so that it can only be avoided by switching the oneDNN kernels off, which costs no measurable time (a
 * matmul of 800×800 takes 6 ms either way) and makes float32 results those of TensorFlow's own kernels on every
 * processor. Whoever wants them sets `TF_ENABLE_ONEDNN_OPTS=1`.
 */
export const quietEnvironment = { TF_CPP_MIN_LOG_LEVEL: '3', TF_ENABLE_ONEDNN_OPTS: '0' } as const;

/** Sets `quietEnvironment` in this process, except what the user has set. */
export function keepQuiet(): void {
  for (const [name, value] of Object.entries(quietEnvironment)) process.env[name] ??= value;
}
