const cleanups = new Set<() => void>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Has `cleanup`, which must be synchronous, run if the process is ended before the returned function is called. The
 * process's handlers are only there as long as something is registered.
 */
export function onInterrupt(cleanup: () => void): () => void {
  if (cleanups.size === 0) {
    process.on('exit', runAll);
    for (const signal of signals) process.on(signal, interrupted);
  }
  cleanups.add(cleanup);
  return () => {
    cleanups.delete(cleanup);
    if (cleanups.size === 0) removeHandlers();
  };
}

function removeHandlers(): void {
  process.off('exit', runAll);
  for (const signal of signals) process.off(signal, interrupted);
}

function runAll(): void {
  // The newest first: a child must be gone before the folder that it writes to.
  for (const cleanup of [...cleanups].reverse()) {
    try {
      cleanup();
    } catch {
      // The others still have to run.
    }
  }
  cleanups.clear();
}

function interrupted(signal: NodeJS.Signals): void {
  runAll();
  removeHandlers();
  // If we were the only ones to listen, the process ends as it would have without us.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
