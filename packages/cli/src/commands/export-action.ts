import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { outputsOf, signatureFor, trace } from '@isoloss/core';
import { gradientNames } from '../gradient-names.ts';
import { floatDType, graphRequest, interfaceRow } from '../graph-request.ts';
import { kebab } from '../kebab.ts';
import { type LossFlags, namedLoss } from '../loss-flags.ts';
import { print, printJSON, table } from '../output.ts';
import type { ExportFlags } from './export.ts';

/** Writes the model and says what goes in and comes out. */
export async function exportModel(
  found: LossFlags | undefined,
  flags: ExportFlags,
  values: Record<string, unknown>,
): Promise<void> {
  const own = namedLoss(found);
  const { definition } = own;
  const { loss, ranks, labels, upstream, guard } = graphRequest(own, flags, values);
  const dtype = floatDType(flags.dtype);
  const signature = signatureFor(definition, ranks);
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
  print(`${file}: ${loss.id}, ${model.length} bytes, ONNX opset 18`);
  const rows = [
    ...inputs.map((entry) => interfaceRow('in', entry)),
    ...outputs.map((entry) => interfaceRow('out', entry)),
  ];
  print(table(rows).join('\n'));
}
