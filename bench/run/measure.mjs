// Interleaved timing: whatever the machine does meanwhile happens to every contestant alike.
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds before a sample: thread pools (OpenMP's, ONNX Runtime's) spin for a while after their last work. */
const settling = 3;

/** The q-quantile of sorted numbers, linear between neighbours. */
export function quantile(sorted, q) {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

function statistics(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    p10: quantile(sorted, 0.1),
    p90: quantile(sorted, 0.9),
    min: sorted[0],
    samples: sorted.length,
  };
}

/**
 * Milliseconds of `repeat` runs, one after another: by the clock on the wall, and of processors, all threads together.
 * @returns {Promise<{ wall: number, cpu: number }>}
 */
export async function timed(run, repeat) {
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  for (let k = 0; k < repeat; k++) {
    const result = run();
    // A synchronous face should not pay for a promise.
    if (result instanceof Promise) await result;
  }
  const wall = Number(process.hrtime.bigint() - start) / 1e6;
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / 1e3 };
}

/** Engines tier up lazily, allocators and thread pools fill: run for a while, at least twice. Gives a run's time. */
async function warmUp({ time }, mode, { warmUp: enough }) {
  let [spent, runs, last] = [0, 0, 0];
  let repeat = 1;
  while (spent < enough || runs < 2) {
    const { wall } = await time(mode, repeat);
    spent += wall;
    runs += repeat;
    last = wall / repeat;
    // Short runs in batches, so that talking to a child doesn't take longer than they do.
    if (wall < 5) repeat *= 2;
  }
  return last;
}

/**
 * Times contestants in turn.
 * @param {{ id: string, time(mode: string, repeat: number): Promise<{ wall: number, cpu: number }> }[]} contestants
 * @param {{ rounds: number, warmUp: number, sample: number, budget: number, clock: 'wall' | 'cpu' }} settings
 *   `sample`: milliseconds that one sample should take at least, of as many runs as that wants;
 *   `budget`: milliseconds after which a contestant has enough samples once it has 5
 * @returns statistics of milliseconds a run, by id; an Error where a contestant failed
 */
export async function measure(contestants, mode, settings) {
  const running = [];
  const results = new Map();
  for (const contestant of contestants) {
    try {
      const once = await warmUp(contestant, mode, settings);
      const repeat = Math.max(1, Math.ceil(settings.sample / Math.max(once, 1e-4)));
      running.push({ contestant, repeat, samples: [], spent: 0 });
    } catch (error) {
      results.set(contestant.id, error);
    }
  }
  for (let round = 0; round < settings.rounds; round++) {
    for (let k = 0; k < running.length; k++) {
      // Another one begins each round: nobody always runs after the same neighbour's caches.
      const entry = running[(k + round) % running.length];
      if (results.has(entry.contestant.id)) continue;
      if (entry.samples.length >= 5 && entry.spent > settings.budget) continue;
      try {
        await pause(settling);
        const spent = await entry.contestant.time(mode, entry.repeat);
        entry.samples.push(spent[settings.clock] / entry.repeat);
        entry.spent += spent.wall;
      } catch (error) {
        results.set(entry.contestant.id, error);
      }
    }
  }
  for (const { contestant, samples, repeat } of running)
    if (!results.has(contestant.id)) results.set(contestant.id, { ...statistics(samples), repeat });
  return results;
}
