import {
  type Backend,
  type BackendDescription,
  checkInputs,
  createRunner,
  lossFromJSON,
  tensorToJSON,
} from '@isoloss/core';
import { errorToJSON, isUnsupported, messageOf } from '../errors.ts';
import { largestArray } from './footprint.ts';
import type { Line } from './lines.ts';
import { checkRequest, parseLine, protocol, type Request } from './request.ts';

/** Compiled losses that are kept; a runner that has seen more is started anew, so that no client can fill the memory. */
const maxCompiled = 512;

/** More numbers than this in one array of a computation are refused instead of tried: 2 GB in float64. */
const maxNumbers = 2 ** 28;

/**
 * Answers requests on one backend, one at a time and in order.
 *
 * @example
 * const server = createServer(referenceBackend(), description);
 * const answer = await server.answer({ text: '{"command":"start","protocol":1}' });
 */
export function createServer(
  backend: Backend,
  description: BackendDescription,
): {
  /** The answer to a line, without its newline; undefined to `stop`, which has none. Never throws. */
  answer(line: Line): Promise<string | undefined>;
  dispose(): void;
} {
  let runner = createRunner(backend);
  const compiled = new Set<string>();

  return {
    async answer(line) {
      let id: unknown;
      try {
        if ('tooLong' in line) throw tooLong(line.tooLong);
        const value = parseLine(line.text);
        id = value.id;
        const request = checkRequest(value);
        if (request.command === 'stop') return undefined;
        const answer = request.command === 'start' ? started(description) : await run(request);
        return stringify(answer, id);
      } catch (error) {
        const problem = isUnsupported(error)
          ? { skipped: { message: messageOf(error) } }
          : { error: errorToJSON(error) };
        return stringify({ ...withId(id), ...problem }, id);
      }
    },
    dispose: () => runner.dispose(),
  };

  async function run({ id, loss: name, options, dtype, inputs, gradients }: Extract<Request, { command: 'run' }>) {
    const loss = lossFromJSON(name, options);
    const { signature, sizes } = checkInputs(loss, inputs, dtype);
    const { key, numbers } = largestArray(loss, { signature, gradients }, sizes);
    if (numbers > maxNumbers)
      throw new RangeError(`it takes an array of ${numbers} numbers, and at most ${maxNumbers} are tried here`);
    if (compiled.size >= maxCompiled && !compiled.has(key)) {
      runner.dispose();
      runner = createRunner(backend);
      compiled.clear();
    }
    compiled.add(key);
    const result = await runner.run(loss, inputs, { dtype, gradients });
    const found = Object.entries(result.gradients).map(([input, tensor]) => [input, tensorToJSON(tensor)]);
    return {
      ...withId(id),
      value: tensorToJSON(result.value),
      ...(gradients.length > 0 ? { gradients: Object.fromEntries(found) } : {}),
    };
  }
}

const withId = (id: unknown) => (id === undefined ? {} : { id });

const tooLong = (bytes: number): Error => {
  const error = new Error(`a line of ${bytes} bytes is too long`);
  return Object.assign(error, { name: 'LossInputError', code: 'BAD_REQUEST' });
};

function started({ id, language, version, runtime, dtypes, accuracy }: BackendDescription) {
  return {
    protocol,
    implementation: { name: `isoloss ${id}`, language, version, runtime, dtypes, ...(accuracy ? { accuracy } : {}) },
  };
}

/** An answer as text. An id may be nested deeper than can be written; then it is left out. */
function stringify(answer: object, id: unknown): string {
  try {
    return JSON.stringify(answer);
  } catch (error) {
    const unwritable = id !== null && typeof id === 'object';
    const message = unwritable ? 'the id can not be sent back: use text' : messageOf(error);
    return JSON.stringify({
      ...(unwritable ? {} : withId(id)),
      error: { code: unwritable ? 'BAD_REQUEST' : 'INTERNAL', message },
    });
  }
}
