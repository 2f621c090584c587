import {
  createRunner,
  type FloatDType,
  type Loss,
  LossInputError,
  type LossInputs,
  type LossResult,
  signatureOf,
} from '@isoloss/core';
import { type BackendId, backendId, openBackend, requireBackend, whyNot } from '../backends.ts';
import { messageOf, UsageError } from '../errors.ts';
import type { FileArray } from '../files/array.ts';
import { dtypeOf, fitInputs } from '../files/fit.ts';
import { readArray } from '../files/read.ts';
import { writeResult } from '../files/write.ts';
import { gradientNames } from '../gradient-names.ts';
import { kebab } from '../kebab.ts';
import { type LossFlags, namedLoss, typedOptions } from '../loss-flags.ts';
import { assignment, lossWith } from '../option-values.ts';
import { printJSON } from '../output.ts';
import { quietly } from '../quiet.ts';
import type { EvalFlags } from './eval.ts';
import { compareBackends } from './eval-compare.ts';
import { type Evaluated, printResult, resultJSON } from './eval-print.ts';

/** What was typed, read and checked. */
export interface Task {
  readonly loss: Loss;
  readonly sources: Readonly<Record<string, string>>;
  readonly arrays: Readonly<Record<string, FileArray>>;
  readonly gradients: readonly string[];
  readonly dtype: FloatDType | 'auto';
}

export async function evaluateFiles(
  found: LossFlags | undefined,
  flags: EvalFlags,
  values: Record<string, unknown>,
): Promise<void> {
  const own = namedLoss(found);
  if (!['auto', 'float32', 'float64'].includes(flags.dtype))
    throw new UsageError(`--dtype is float32, float64 or auto, not ${flags.dtype}`);
  const ids = flags.backend === 'all' ? 'all' : backendId(flags.backend);
  const task = await readTask(own, flags, values);
  if (ids === 'all') {
    if (flags.output !== undefined)
      throw new UsageError('--output takes the results of one backend, not of --backend all');
    await compareBackends(task, flags);
    return;
  }
  const evaluated = await quietly(() => evaluateOn(ids, task));
  if (flags.output !== undefined) await writeResult(flags.output, evaluated.result);
  if (flags.json) printJSON(resultJSON(evaluated));
  else printResult(evaluated, flags.output);
}

async function readTask(own: LossFlags, flags: EvalFlags, values: Record<string, unknown>): Promise<Task> {
  const typed = typedOptions(own, values);
  for (const text of flags.option ?? []) typed.set(...assignment(text, '--option'));
  const loss = lossWith(own.definition, typed);

  const given = [...own.inputs].map(([attribute, name]) => [name, values[attribute]] as const);
  const named = (flags.tensor ?? []).map((text) => assignment(text, '--tensor'));
  const sources = Object.fromEntries([...given, ...named].filter(([, source]) => source !== undefined)) as Record<
    string,
    string
  >;
  const arrays: Record<string, FileArray> = {};
  for (const [name, source] of Object.entries(sources)) arrays[name] = await readArray(source, name);

  const shapes = Object.fromEntries(Object.entries(arrays).map(([name, { shape }]) => [name, shape]));
  for (const [name, { optional }] of Object.entries(own.definition.inputs))
    if (!optional && arrays[name] === undefined)
      throw new LossInputError(
        'MISSING_INPUT',
        `${loss.id} needs the input ${name}; give it as --${kebab(name)} <file>`,
        {
          input: name,
        },
      );
  const gradients = gradientNames(loss, signatureOf(own.definition, shapes), flags.gradients);
  return { loss, sources, arrays, gradients, dtype: flags.dtype as Task['dtype'] };
}

/** The dtype of a task on a backend: what was asked for, else that of the files if the backend has it. */
const resolveDType = ({ dtype, loss, arrays }: Task, offered: readonly FloatDType[]): FloatDType => {
  if (dtype !== 'auto') return dtype;
  const own = dtypeOf(loss, arrays);
  return offered.includes(own) ? own : (offered[0] ?? own);
};

async function evaluateOn(id: BackendId, task: Task): Promise<Evaluated> {
  const { backend, description } = await requireBackend(id);
  try {
    const dtype = resolveDType(task, description.dtypes);
    const inputs = fitInputs(task.loss, task.arrays, dtype);
    const runner = createRunner(backend);
    const start = performance.now();
    const result = await runner.run(task.loss, inputs, { dtype, gradients: task.gradients });
    const milliseconds = performance.now() - start;
    runner.dispose();
    return { task, inputs, dtype, description, result, milliseconds };
  } finally {
    await backend.dispose();
  }
}

/** One backend's part in a comparison: its result and the time of a run once compiled, or why there is none. */
export type Attempt = { readonly id: BackendId; readonly runtime: string } & (
  | { readonly result: LossResult; readonly milliseconds: number; readonly skipped?: never }
  | { readonly skipped: string }
);

/** Runs a task on a backend; what the input has wrong is thrown, what the backend lacks is said. */
export async function attempt(id: BackendId, task: Task, inputs: LossInputs, dtype: FloatDType): Promise<Attempt> {
  const opened = await openBackend(id);
  const { runtime } = opened.description;
  if (!opened.available) return { id, runtime, skipped: `not available: ${whyNot(opened.description)}` };
  const runner = createRunner(opened.backend);
  try {
    const request = { dtype, gradients: task.gradients };
    const result = await runner.run(task.loss, inputs, request);
    const times: number[] = [];
    const began = performance.now();
    while (times.length < 5 && (times.length === 0 || performance.now() - began < 500)) {
      const start = performance.now();
      await runner.run(task.loss, inputs, request);
      times.push(performance.now() - start);
    }
    return { id, runtime, result, milliseconds: times.sort((a, b) => a - b)[Math.floor(times.length / 2)]! };
  } catch (error) {
    if ((error as Error).name === 'UnsupportedError') return { id, runtime, skipped: messageOf(error) };
    throw error;
  } finally {
    runner.dispose();
    await opened.backend.dispose();
  }
}
