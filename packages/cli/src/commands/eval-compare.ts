import type { FloatDType, LossResult, Tensor } from '@isoloss/core';
import { backendIds, judge } from '../backends.ts';
import { fitInputs } from '../files/fit.ts';
import { formatNumber, print, printJSON, table } from '../output.ts';
import { quietly } from '../quiet.ts';
import { largestUlps } from '../ulps.ts';
import type { EvalFlags } from './eval.ts';
import { type Attempt, attempt, type Task } from './eval-action.ts';
import { lossJSON, resultTensors, summary } from './eval-print.ts';

/**
 * Runs a task on every backend and shows them side by side, with the distance from the reference in units of the last
 * place. In float32 unless asked otherwise: that is what every backend has.
 */
export async function compareBackends(task: Task, { json }: EvalFlags): Promise<void> {
  const dtype: FloatDType = task.dtype === 'auto' ? 'float32' : task.dtype;
  const inputs = fitInputs(task.loss, task.arrays, dtype);
  const attempts: Attempt[] = await quietly(async () => {
    const done: Attempt[] = [];
    for (const id of backendIds) done.push(await attempt(id, task, inputs, dtype));
    return done;
  });
  const standard = attempts.find(({ id }) => id === 'reference');
  const reference = standard?.skipped === undefined ? standard?.result : undefined;
  const apart = (name: string, tensor: Tensor) => {
    const own = name === 'value' ? reference?.value : reference?.gradients[name];
    return own === undefined ? Number.NaN : largestUlps(tensor, own);
  };
  if (json) {
    printJSON({
      ...lossJSON(task.loss),
      dtype,
      backends: attempts.map((entry) =>
        entry.skipped !== undefined
          ? { backend: entry.id, runtime: entry.runtime, skipped: { message: entry.skipped } }
          : {
              backend: entry.id,
              runtime: entry.runtime,
              milliseconds: entry.milliseconds,
              ulps: ulpsOf(entry.result, apart),
              ...resultTensors(entry.result),
            },
      ),
    });
    return;
  }
  const gradients = task.gradients.map((name) => `ULP of d ${name}`);
  const rows = attempts.map((entry) =>
    entry.skipped !== undefined
      ? [entry.id, entry.skipped]
      : [
          entry.id,
          shown(entry.result.value),
          ...Object.values(ulpsOf(entry.result, apart)).map(String),
          `${entry.milliseconds.toFixed(entry.milliseconds < 10 ? 2 : 0)} ms`,
        ],
  );
  const measured = rows.filter((row) => row.length > 2);
  print(`${task.loss.id} in ${dtype}; ULP: the largest distance from ${judge}, in units of the last place\n`);
  print(table([['backend', 'value', 'ULP of value', ...gradients, 'time'], ...measured]).join('\n'));
  for (const [id, why] of rows.filter((row) => row.length === 2)) print(`${id}: ${why}`);
}

const ulpsOf = ({ value, gradients }: LossResult, apart: (name: string, tensor: Tensor) => number) =>
  Object.fromEntries(
    [['value', value] as const, ...Object.entries(gradients)].map(([name, tensor]) => [name, apart(name, tensor)]),
  );

const shown = (value: Tensor): string =>
  value.shape.length === 0 ? formatNumber(value.data[0]!, value.dtype) : `norm ${summary(value).norm.toPrecision(9)}`;
