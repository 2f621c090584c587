import {
  type BackendDescription,
  type ErrorCode,
  errorCodes,
  type FloatDType,
  LossInputError,
  type Tensor,
  tensorFromJSON,
} from '@isoloss/core';
import type { Skip, SubjectAnswer } from '../subject.ts';
import { clean, messageOf, safeLink } from '../text.ts';

/** An implementation that does not keep to the protocol, crashed or did not answer. Its case is an error, not a failure. */
export class ImplementationError extends Error {
  override readonly name = 'ImplementationError';
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

const quoted = (text: unknown): string => clean(typeof text === 'string' ? JSON.stringify(text) : text, 120);

/**
 * A line of standard output as an object.
 * @throws ImplementationError that quotes it
 */
export function parseLine(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    const bare = /(?<!["\w])-?(NaN|Infinity)\b(?!")/.test(line)
      ? '; the protocol writes "NaN", "Infinity" and "-Infinity" in quotes, since JSON has no such numbers'
      : '; standard output is for answers only, logs go to standard error';
    throw new ImplementationError(`it printed a line that is not JSON: ${quoted(line)}${bare}`);
  }
  if (!isObject(value)) throw new ImplementationError(`it printed a line that is no answer: ${quoted(line)}`);
  return value;
}

/** @throws ImplementationError */
export function parseStarted(answer: Fields, protocol: number): Partial<BackendDescription> & { name: string } {
  if ('error' in answer)
    throw new ImplementationError(`it refuses to start: ${clean((answer.error as Fields | null)?.message ?? answer)}`);
  if (answer.protocol !== protocol)
    throw new ImplementationError(
      `it answered start with protocol ${quoted(answer.protocol ?? 'missing')}; this is protocol ${protocol}`,
    );
  const { implementation } = answer;
  if (!isObject(implementation) || typeof implementation.name !== 'string' || implementation.name.trim() === '')
    throw new ImplementationError('it answered start without implementation.name');
  const { name, language, version, runtime, dtypes, accuracy } = implementation;
  const known = ['float32', 'float64'] as const;
  if (dtypes !== undefined && !(Array.isArray(dtypes) && dtypes.every((dtype) => known.includes(dtype))))
    throw new ImplementationError(`its dtypes are ${quoted(dtypes)}; they can be float32 and float64`);
  const limits = isObject(accuracy) ? Object.entries(accuracy) : [];
  if (
    (accuracy !== undefined && !isObject(accuracy)) ||
    limits.some(([, ulp]) => typeof ulp !== 'number' || !(ulp >= 0))
  )
    throw new ImplementationError(`its accuracy is ${quoted(accuracy)}; it is ULP by operation, as {"exp": 2}`);
  return {
    name: clean(name, 60),
    ...Object.fromEntries(
      Object.entries({ language, version, runtime }).flatMap(([key, text]) =>
        typeof text === 'string' ? [[key, clean(text, 120)]] : [],
      ),
    ),
    ...(dtypes === undefined ? {} : { dtypes: known.filter((dtype) => dtypes.includes(dtype)) as FloatDType[] }),
    ...(accuracy === undefined ? {} : { accuracy: accuracy as Record<string, number> }),
  };
}

/**
 * What an implementation answered to a run.
 * @throws LossInputError what it refused the request with; ImplementationError what is not the protocol
 */
export function parseAnswer(answer: Fields): SubjectAnswer {
  if ('error' in answer) throw refusal(answer.error);
  if ('skipped' in answer) return { skipped: skip(answer.skipped) };
  if (!('value' in answer))
    throw new ImplementationError(`its answer has no value, skipped or error: ${quoted(answer)}`);
  const { gradients = {} } = answer;
  if (!isObject(gradients)) throw new ImplementationError(`its gradients are ${quoted(gradients)}, not an object`);
  return {
    value: tensor(answer.value, 'value'),
    gradients: Object.fromEntries(
      Object.entries(gradients).map(([input, entry]) => [
        input,
        isObject(entry) && 'skipped' in entry
          ? { skipped: skip(entry.skipped) }
          : tensor(entry, `the gradient by ${clean(input, 40)}`),
      ]),
    ),
  };
}

function tensor(json: unknown, what: string): Tensor {
  try {
    return tensorFromJSON(json, what);
  } catch (error) {
    throw new ImplementationError(`its answer is not a tensor: ${messageOf(error)}`);
  }
}

function skip(given: unknown): Skip {
  if (!isObject(given) || typeof given.message !== 'string')
    throw new ImplementationError(`it skipped without a message: ${quoted(given)}`);
  const link = safeLink(given.link);
  return { message: clean(given.message), ...(link === undefined ? {} : { link }) };
}

function refusal(given: unknown): Error {
  if (!isObject(given)) return new ImplementationError(`its error is ${quoted(given)}, not an object`);
  const { code, message, input, index } = given;
  if (!errorCodes.includes(code as ErrorCode))
    return new ImplementationError(`its error has the code ${quoted(code)}; the codes are ${errorCodes.join(', ')}`);
  return new LossInputError(code as ErrorCode, clean(message ?? ''), {
    ...(typeof input === 'string' ? { input: clean(input, 60) } : {}),
    ...(Number.isInteger(index) ? { index: index as number } : {}),
  });
}
