import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { outputsOf, signatureFor, trace } from '@isoloss/core';
import { UsageError } from '../errors.ts';
import { gradientNames } from '../gradient-names.ts';
import { kebab } from '../kebab.ts';
import { type LossFlags, typedOptions } from '../loss-flags.ts';
import { assignment, lossWith } from '../option-values.ts';
import { print, printJSON, table } from '../output.ts';
import { parseRanks } from '../ranks.ts';
import type { ExportFlags } from './export.ts';

/** Writes the model and says what goes in and comes out. */
export async function exportModel(own: LossFlags, flags: ExportFlags, values: Record<string, unknown>): Promise<void> {
  const { definition } = own;
  const typed = typedOptions(own, values);
  for (const text of flags.option ?? []) typed.set(...assignment(text, '--option'));
  const loss = lossWith(definition, typed);
  const { dtype, labels, upstream = false, guard } = flags;
  if (dtype !== 'float32' && dtype !== 'float64') throw new UsageError(`--dtype is float32 or float64, not ${dtype}`);
  if (labels !== 'int32' && labels !== 'int64') throw new UsageError(`--labels is int32 or int64, not ${labels}`);
  const signature = signatureFor(definition, parseRanks(flags.rank ?? []));
  const gradients = gradientNames(loss, signature, flags.gradients);

  const { toOnnx } = await import('@isoloss/onnx');
  const model = toOnnx(loss, { inputs: signature, dtype, gradients, upstream, labels, guard });
  const file = flags.output ?? `${kebab(definition.id)}.onnx`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, model);

  const program = trace(loss, { signature, gradients, upstream, guard });
  const element = { float: dtype, int: labels, bool: 'bool' } as const;
  const inputs = program.inputs.map(({ name, type }) => ({ name, dtype: element[type.dtype], shape: type.shape }));
  const names = ['value', ...gradients.map((name) => `d_${name}`)];
  const outputs = outputsOf(program).map(({ type }, k) => ({ name: names[k]!, dtype, shape: type.shape }));
  if (flags.json) {
    printJSON({ file, bytes: model.length, loss, dtype, inputs, outputs });
    return;
  }
  const line = (kind: string) => (entry: { name: string; dtype: string; shape: readonly (string | number)[] }) => [
    `  ${kind}`,
    entry.name,
    entry.dtype,
    `(${entry.shape.join(', ')})`,
  ];
  print(`${file}: ${loss.id}, ${model.length} bytes, ONNX opset 18`);
  print(table([...inputs.map(line('in')), ...outputs.map(line('out'))]).join('\n'));
}
