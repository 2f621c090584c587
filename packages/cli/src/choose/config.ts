import { isBackendId } from '../backends.ts';
import { UsageError } from '../errors.ts';
import type { BackendConfig } from './types.ts';

const remedy = 'make it with isoloss choose --emit config';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A config as it comes from a file: what createBackend reads of it is checked.
 * @throws UsageError that says what is wrong, and how to get one that is right
 */
export function checkConfig(config: unknown): BackendConfig {
  const wrong = (what: string) => new UsageError(`the config of createBackend ${what}; ${remedy}`);
  if (!isObject(config)) throw wrong('is not an object');
  if (config.schema !== 'isoloss-backend/1')
    throw wrong(`has the schema ${JSON.stringify(config.schema)}, and this version reads isoloss-backend/1`);
  const { fallback, on, reason } = config;
  checkChoice(config, '');
  if (!Array.isArray(fallback)) throw wrong('has no list fallback');
  for (const [k, one] of fallback.entries()) checkChoice(one, `fallback[${k}]`);
  if (typeof reason !== 'string') throw wrong('has no reason');
  if (!isObject(on) || typeof on.platform !== 'string' || typeof on.arch !== 'string')
    throw wrong('does not say on which platform and arch it was measured');
  const dtype = isObject(config.for) ? config.for.dtype : undefined;
  if (dtype !== 'float32' && dtype !== 'float64') throw wrong(`is for the dtype ${JSON.stringify(dtype)}`);
  return config as unknown as BackendConfig;

  function checkChoice(choice: unknown, where: string): void {
    const at = where === '' ? '' : ` in ${where}`;
    if (!isObject(choice)) throw wrong(`has no object${at}`);
    const { backend, settings } = choice;
    if (typeof backend !== 'string' || !isBackendId(backend))
      throw wrong(`names the backend ${JSON.stringify(backend)}${at}, which there is not`);
    if (!isObject(settings)) throw wrong(`has no settings of ${backend}${at}`);
    const { threads } = settings;
    const whole = Number.isInteger(threads) && (threads as number) >= 1 && (threads as number) <= 32;
    if (threads !== undefined && threads !== 'auto' && !whole)
      throw wrong(`has ${JSON.stringify(threads)} threads for ${backend}${at}: they are 1 to 32, or "auto"`);
  }
}
