import os from 'node:os';
import { type FloatDType, findLoss, type Loss, lossFromJSON, version } from '@isoloss/core';
import { targets } from '../backends.ts';
import { findEnvironment } from '../doctor/environment.ts';
import { formatTime } from '../doctor/units.ts';
import { UsageError } from '../errors.ts';
import { gradientNames } from '../gradient-names.ts';
import { loadedPackages } from '../packages/loaded.ts';
import { allCandidates, filterCandidates } from './candidates.ts';
import { crossovers, decide, type TimingAt } from './decide.ts';
import { elementsOf, planShapes, type ShapePlan } from './inputs.ts';
import {
  coldStarts,
  conformAll,
  hopeful,
  type Out,
  type Running,
  type Settings,
  sizeResults,
  slowOnes,
  startAll,
  timeAt,
  warmOf,
  whatHappened,
} from './measure.ts';
import { least } from './statistics.ts';
import type { BackendConfig, ChoiceReport, ChoiceRequest, Measurement, Recommendation } from './types.ts';
import { objectives } from './types.ts';

const thorough = { coldStarts: 3, rounds: 10, ladderRounds: 5, sampleMs: 20, warmUpMs: 150 } as const;
const quick = { coldStarts: 2, rounds: 5, ladderRounds: 3, sampleMs: 10, warmUpMs: 50 } as const;

/** Numbers in the largest input above which the ladder does not go: seven processes hold it at a time. */
const largest = { thorough: 1e7, quick: 2e6 } as const;

/**
 * Measures every backend that can compute a loss in this deployment, here and now, and says which to take.
 *
 * What can't be it (target, what is installed, size, dtype) is excluded first, with the reason. Each of the others is
 * started in processes of its own, timed in rounds that are interleaved over all of them, and judged by the loss's vectors:
 * one that fails these is never recommended.
 *
 * @example
 * const { recommendation } = await chooseBackend({ loss: 'crossEntropy', shape: [512, 100], gradients: true });
 * const backend = await createBackend({ config: recommendation.config }, { strict: true });
 * @throws UsageError or LossInputError for a request that makes no sense, before anything is measured
 */
export async function chooseBackend(request: ChoiceRequest): Promise<ChoiceReport> {
  const begin = Date.now();
  const loadBefore = os.loadavg()[0]!;
  const { loss, plan, asked } = checked(request);
  const settings: Settings = { ...(request.quick ? quick : thorough), timeoutMs: request.timeoutMs ?? 60_000 };
  const { entrants, excluded } = filterCandidates(allCandidates(request.backends), {
    target: asked.target,
    maxInstall: request.maxInstall,
  });
  const out: Out = (candidate, filter, error) => {
    if (excluded.every((other) => other.candidate !== candidate))
      excluded.push({
        candidate,
        filter: error instanceof Error && / has no float/.test(error.message) ? 'dtype' : filter,
        ...split(whatHappened(error)),
      });
  };
  const isIn = ({ id }: { readonly id: string }) => excluded.every(({ candidate }) => candidate !== id);

  const sizes = ladder(plan, request.quick ?? false);
  const total = settings.coldStarts * (entrants.length + 1) + entrants.length * (sizes.length + 1);
  let done = 0;
  const hooks = { out, progress: (what: string) => request.onProgress?.(Math.min(done++, total), total, what) };

  const job = {
    loss: loss.id,
    options: asked.options,
    dtype: asked.dtype,
    gradients: asked.gradients,
    signature: plan.signature,
    packages: loadedPackages().map(({ folder }) => folder),
  };
  const cold = await coldStarts([null, ...entrants], job, plan.shapes, settings, hooks);
  for (const { id } of entrants.filter(isIn)) {
    const { median, min } = cold.get(id)!.coldStart;
    if (request.maxColdStart === undefined || median <= request.maxColdStart) continue;
    excluded.push({
      candidate: id,
      filter: 'cold start',
      reason: `its first result comes after ${formatTime(median)} (at best ${formatTime(min)}) where ${formatTime(request.maxColdStart)} are allowed`,
      remedy: `allow it with --max-cold-start ${Math.ceil(median)}ms`,
    });
  }

  const running = await startAll(entrants.filter(isIn), slowOnes(cold), job, plan.at(sizes[0]!), settings, out);
  try {
    await timeAt(running, plan.axis.size, plan.shapes, { rounds: settings.rounds, once: true }, settings, hooks);
    for (const size of sizes.filter((one) => one !== plan.axis.size)) {
      const alive = running.filter(({ entrant }) => isIn(entrant));
      const worth = size > plan.axis.size ? hopeful(alive, plan.axis.size) : alive;
      await timeAt(
        worth,
        size,
        plan.at(size),
        { rounds: settings.ladderRounds, once: size > plan.axis.size },
        settings,
        hooks,
      );
    }
    const alive = running.filter(({ entrant }) => isIn(entrant));
    const judged = await conformAll(alive, settings, hooks);
    const measured = alive
      .filter(({ entrant }) => isIn(entrant))
      .map((one): Measurement => {
        const { id: candidate, backend, settings, install } = one.entrant;
        const warm = warmOf(one.series.get(plan.axis.size)!);
        return {
          candidate,
          backend,
          settings,
          install,
          coldStart: cold.get(candidate)!.coldStart,
          memory: cold.get(candidate)!.memory,
          warm,
          conformance: judged.get(candidate)!,
          sizes: sizeResults(one),
        };
      });
    for (const { candidate, conformance } of measured)
      if (!conformance.ok)
        excluded.push({
          candidate,
          filter: 'conformance',
          reason: `it computes ${loss.id} wrongly: ${conformance.failed} of ${conformance.total} vectors fail in ${asked.dtype}, the first of them ${conformance.firstFailure ?? 'not known'}`,
        });
    const eligible = measured.filter(({ candidate }) => isIn({ id: candidate }));
    const timingAt = timingsOf(running, asked.objective === 'throughput');
    const decision = decide(eligible, asked.objective, plan.axis.size, timingAt);
    const order = new Map(decision?.order.map((id, k) => [id, k]));
    const environment = findEnvironment();
    return {
      schema: 'isoloss-choice/1',
      version,
      started: new Date(begin).toISOString(),
      milliseconds: Date.now() - begin,
      request: {
        ...asked,
        maxInstall: request.maxInstall ?? null,
        maxColdStart: request.maxColdStart ?? null,
        quick: request.quick ?? false,
        axis: plan.axis,
      },
      environment,
      load: [loadBefore, os.loadavg()[0]!],
      baseline: { coldStart: cold.get(null)!.coldStart, memory: cold.get(null)!.memory },
      measurements: eligible.sort((a, b) => order.get(a.candidate)! - order.get(b.candidate)!),
      excluded,
      recommendation: decision === undefined ? null : recommend(decision, eligible, asked, begin),
      crossovers:
        decision === undefined
          ? []
          : crossovers(eligible, asked.objective, { size: plan.axis.size, candidate: decision.candidate }, timingAt),
      notes: notesOf(loadBefore, environment.cores.available, asked),
    };
  } finally {
    for (const { child } of running) child.end();
  }
}

interface Checked {
  readonly loss: Loss;
  readonly plan: ShapePlan;
  readonly asked: BackendConfig['for'];
}

/** Everything that can be wrong with a request, before a minute is spent on it. */
function checked(request: ChoiceRequest): Checked {
  const { target = 'node', objective = 'latency', dtype = 'float32', options = {} } = request;
  const oneOf = <T extends string>(name: string, value: T, legal: readonly T[]): T => {
    if (legal.includes(value)) return value;
    throw new UsageError(`--${name} is ${legal.slice(0, -1).join(', ')} or ${legal.at(-1)}, not ${value}`);
  };
  const loss = lossFromJSON(findLoss(request.loss).id, options);
  const { shape, gradients = false } = request;
  const given = isList(shape) ? new Map([['', shape]]) : new Map(Object.entries(shape));
  for (const [name, sizes] of given)
    if (!sizes.every((size) => Number.isSafeInteger(size) && size > 0))
      throw new UsageError(
        `--shape ${name}${name === '' ? '' : '='}${sizes.join('x')}: sizes are whole numbers from 1 on`,
      );
  const plan = planShapes(loss, given);
  const flag = gradients === true ? true : gradients === false ? undefined : gradients.join(',');
  const names = gradientNames(loss, plan.signature, flag);
  for (const name of names)
    if (plan.shapes[name] === undefined)
      throw new UsageError(
        `--gradients ${name}: ${loss.id} has no such input here; it has ${Object.keys(plan.shapes).join(', ')}`,
      );
  return {
    loss,
    plan,
    asked: {
      loss: loss.id,
      options,
      dtype: oneOf<FloatDType>('dtype', dtype, ['float32', 'float64']),
      shapes: plan.shapes,
      gradients: names,
      target: oneOf('target', target, targets),
      objective: oneOf('objective', objective, objectives),
    },
  };
}

const isList = (shape: ChoiceRequest['shape']): shape is readonly number[] => Array.isArray(shape);

/** Sizes around the one asked for, a factor of 8 apart, ascending. */
function ladder(plan: ShapePlan, isQuick: boolean): number[] {
  const { size } = plan.axis;
  const most = isQuick ? largest.quick : largest.thorough;
  const up = [8, 4, 2].find((factor) => elementsOf(plan.at(size * factor)) <= most);
  const down = isQuick ? [64] : [512, 64, 8];
  const all = [...down.map((by) => Math.max(1, Math.round(size / by))), size, ...(up === undefined ? [] : [size * up])];
  return [...new Set(all)].sort((a, b) => a - b);
}

function timingsOf(running: readonly Running[], cpu: boolean): TimingAt {
  const byId = new Map(running.map((one) => [one.entrant.id, one]));
  return (candidate, size) => {
    const series = byId.get(candidate)?.series.get(size);
    if (series === undefined || series.samples.length === 0) return undefined;
    const rounds = cpu ? series.roundCpu : series.roundMedians;
    return { rounds, least: least(cpu ? rounds : series.samples) };
  };
}

/** The remedy stands behind the reason in errors that have one. */
function split(message: string): { reason: string; remedy?: string } {
  const [reason = message, remedy] = message.split('; to mend it: ');
  return { reason, ...(remedy === undefined ? {} : { remedy }) };
}

function recommend(
  { candidate, reason, tiedWith, order }: NonNullable<ReturnType<typeof decide>>,
  eligible: readonly Measurement[],
  asked: BackendConfig['for'],
  begin: number,
): Recommendation {
  const settingsOf = (id: string) => {
    const { backend, settings } = eligible.find((one) => one.candidate === id)!;
    return { backend, settings };
  };
  const { runtime, os: system, arch, processor, cores } = findEnvironment();
  return {
    candidate,
    reason: `${candidate}: ${reason}`,
    tiedWith,
    config: {
      schema: 'isoloss-backend/1',
      ...settingsOf(candidate),
      fallback: order.slice(1).map(settingsOf),
      for: asked,
      reason: `${candidate}: ${reason}`,
      on: {
        version,
        runtime: `${runtime.name} ${runtime.version}`,
        platform: system.platform,
        arch,
        processor,
        cores: cores.available,
        at: new Date(begin).toISOString(),
      },
    },
  };
}

function notesOf(load: number, cores: number, { target }: BackendConfig['for']): string[] {
  return [
    ...(load > 0.7 * cores
      ? [
          `the machine was busy (load ${load.toFixed(1)} on ${cores} cores): times are longer than on an idle one, threads suffer most, and comparisons hold within rounds`,
        ]
      : []),
    ...(target === 'node'
      ? []
      : [
          `measured in Node, as what runs in ${target === 'edge' ? 'an edge worker' : 'a browser'} can be measured here; install sizes are those on disk, not of a bundle`,
        ]),
  ];
}
