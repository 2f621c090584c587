import { type FloatDType, LossInputError, type Tensor, tensorFromJSON } from '@isoloss/core';

/** A request of the line protocol, checked but for what only the loss knows. */
export type Request =
  | { readonly command: 'start' }
  | { readonly command: 'stop' }
  | {
      readonly command: 'run';
      readonly id: unknown;
      readonly loss: string;
      readonly options: Readonly<Record<string, unknown>>;
      readonly dtype: FloatDType;
      readonly inputs: Readonly<Record<string, Tensor>>;
      readonly gradients: readonly string[];
    };

/** The version of the protocol that is spoken here. */
export const protocol = 1;

const fields: Readonly<Record<string, readonly string[]>> = {
  start: ['command', 'protocol'],
  run: ['command', 'id', 'loss', 'options', 'dtype', 'inputs', 'gradients'],
  stop: ['command'],
};

const bad = (message: string): LossInputError => new LossInputError('BAD_REQUEST', message);
const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/**
 * A line as a value.
 * @throws LossInputError BAD_REQUEST
 */
export function parseLine(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw bad(
      text.trim() === '' ? 'an empty line is no request' : `the line is not valid JSON: ${(error as Error).message}`,
    );
  }
  if (!isObject(value)) throw bad('a request is an object with a command');
  return value;
}

/**
 * Checks a request. Fields that the protocol doesn't have are refused: a mistyped `gradients` would else be passed over.
 * @throws LossInputError BAD_REQUEST; BAD_DTYPE, BAD_TENSOR
 */
export function checkRequest(value: Readonly<Record<string, unknown>>): Request {
  const { command } = value;
  if (typeof command !== 'string' || !Object.hasOwn(fields, command))
    throw bad(`there is no such command; there are ${Object.keys(fields).join(', ')}`);
  const stranger = Object.keys(value).find((name) => !fields[command]!.includes(name));
  if (stranger !== undefined)
    throw bad(`${command} has no field ${JSON.stringify(stranger)}; it has ${fields[command]!.join(', ')}`);
  if (command === 'stop') return { command };
  if (command === 'start') {
    if (value.protocol !== protocol)
      throw bad(
        `${value.protocol === undefined ? 'protocol is missing' : 'another protocol is asked for'}; this is protocol ${protocol}`,
      );
    return { command };
  }
  return checkRun(value);
}

function checkRun(value: Readonly<Record<string, unknown>>): Request {
  const { id, loss, options = {}, dtype, inputs, gradients = [] } = value;
  if (id === undefined) throw bad('run needs an id');
  if (typeof loss !== 'string') throw bad('run needs a loss: its name as text');
  if (!isObject(inputs)) throw bad('run needs inputs: an object of tensors by name');
  if (dtype === undefined) throw bad('run needs a dtype: float32 or float64');
  if (dtype !== 'float32' && dtype !== 'float64')
    throw new LossInputError('BAD_DTYPE', 'a run computes in float32 or float64, in no other dtype');
  if (!Array.isArray(gradients) || !gradients.every((name) => typeof name === 'string'))
    throw bad('gradients is a list of names of inputs');
  return {
    command: 'run',
    id,
    loss,
    // Not only objects: what else it is, the loss refuses as BAD_OPTION.
    options: options as Record<string, unknown>,
    dtype,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, json]) => [name, tensorFromJSON(json, name)])),
    gradients: [...new Set(gradients)],
  };
}
