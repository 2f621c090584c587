import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { LossInputError } from '@isoloss/core';
import { attachLoss, describeModel, type ModelDescription, type TensorDescription } from '@isoloss/onnx';
import { UsageError } from '../errors.ts';
import { readBytes } from '../files/bytes.ts';
import { badFile } from '../files/errors.ts';
import { floatDType, graphRequest, interfaceRow } from '../graph-request.ts';
import { kebab } from '../kebab.ts';
import { type LossFlags, namedLoss } from '../loss-flags.ts';
import { assignment } from '../option-values.ts';
import { print, printJSON, table } from '../output.ts';
import type { AttachFlags } from './attach.ts';

/** Writes the model with the loss at its end and says what is new. */
export async function attachModel(
  path: string,
  found: LossFlags | undefined,
  flags: AttachFlags,
  values: Record<string, unknown>,
): Promise<void> {
  const own = namedLoss(found);
  const { loss, ranks, ...request } = graphRequest(own, flags, values);
  const bytes = await readBytes(path, 'model');
  const before = described(bytes, path);
  const inputs = assignments(flags.map, '--map');
  const [first] = Object.keys(own.definition.inputs);
  const isChosen = flags.logits === undefined && !Object.hasOwn(inputs, first!);
  const logits = isChosen ? onlyFloat(before, first!) : flags.logits;
  const gradients = flags.gradients === true ? true : flags.gradients?.split(',').map((name) => name.trim());

  const model = attachLoss(bytes, loss, {
    ...request,
    ...(logits === undefined ? {} : { logits }),
    ...(gradients === undefined ? {} : { gradients }),
    ...(flags.dtype === undefined ? {} : { dtype: floatDType(flags.dtype) }),
    inputs,
    ranks: Object.fromEntries(ranks),
    names: assignments(flags.name, '--name'),
  });
  const extension = extname(path);
  const usual = join(dirname(path), `${basename(path, extension)}-with-${kebab(loss.id)}.onnx`);
  const file = flags.output ?? usual;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, model);

  const after = describeModel(model);
  const marked = (list: 'inputs' | 'outputs') => {
    const known = new Set(before[list].map(({ name }) => name));
    return after[list].map((entry) => ({ ...entry, new: !known.has(entry.name) }));
  };
  const tensors = logits === undefined ? inputs : { [first!]: logits, ...inputs };
  const [takes, gives] = [marked('inputs'), marked('outputs')];
  if (flags.json) {
    const { opset } = after;
    printJSON({ file, bytes: model.length, model: path, opset, loss, tensors, inputs: takes, outputs: gives });
    return;
  }
  const row = (kind: 'in' | 'out') => (entry: TensorDescription & { new: boolean }) => [
    ...interfaceRow(kind, entry),
    entry.new ? 'new' : '',
  ];
  if (isChosen) print(`${first} of ${loss.id} is ${logits}, the only float output (no --logits was given)`);
  print(`${file}: ${path} with ${loss.id}, ${model.length} bytes, ONNX opset ${after.opset}`);
  print(table([...takes.map(row('in')), ...gives.map(row('out'))]).join('\n'));
}

/** @throws LossInputError BAD_FILE that names the file */
function described(bytes: Uint8Array, path: string): ModelDescription {
  try {
    return describeModel(bytes);
  } catch (error) {
    if (error instanceof LossInputError && error.code === 'BAD_FILE') throw badFile(path, error.message, 'model');
    throw error;
  }
}

const assignments = (texts: readonly string[] = [], flag: string): Record<string, string> =>
  Object.fromEntries(texts.flatMap((text) => text.split(',')).map((text) => assignment(text, flag)));

/** The output that a loss can only mean. @throws UsageError if there are several, or none */
function onlyFloat({ outputs }: ModelDescription, input: string): string {
  const floats = outputs.filter(({ dtype }) => dtype === undefined || /float/.test(dtype));
  if (floats.length === 1) return floats[0]!.name;
  const list = outputs.map((entry) => interfaceRow('out', entry).slice(1).join(' ')).join(', ');
  throw new UsageError(`--logits <tensor> is needed: which output is ${input}? The model gives ${list}`);
}
