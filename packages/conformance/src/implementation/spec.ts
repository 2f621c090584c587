import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Grade } from '../compare.ts';
import { messageOf } from '../text.ts';
import { splitCommand } from './command-line.ts';

/** How to start a program of the line protocol, and how patient to be with it. */
export interface ImplementationSpec {
  /** What it is called in reports; the name it gives itself where left out. */
  readonly name?: string;
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds until it must have answered `start`. */
  readonly startTimeout?: number;
  /** Seconds until it must have answered a case. */
  readonly caseTimeout?: number;
  /** How it is judged; `conforming` where left out. */
  readonly grade?: Grade;
  /** The file of its expected failures. */
  readonly expectations?: string;
}

const fields = ['$schema', 'name', 'command', 'cwd', 'env', 'startTimeout', 'caseTimeout', 'grade', 'expectations'];

/** @throws Error for a command that is none */
export const specFromCommand = (command: string): ImplementationSpec => ({ command: splitCommand(command) });

/**
 * Reads a specification, as `schemas/implementation.schema.json` describes it. Paths are relative to the file.
 * @throws Error that names the file, the field and what it may be
 */
export async function readSpec(file: string): Promise<ImplementationSpec> {
  try {
    return parseSpec(JSON.parse(await readFile(file, 'utf8')), dirname(resolve(file)));
  } catch (error) {
    throw new Error(`${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** @throws Error that names the field and what it may be */
export function parseSpec(json: unknown, folder: string): ImplementationSpec {
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw new Error('it is an object with a command');
  const given = json as Record<string, unknown>;
  const stranger = Object.keys(given).find((key) => !fields.includes(key));
  if (stranger !== undefined)
    throw new Error(`there is no field ${JSON.stringify(stranger)}; there are ${fields.join(', ')}`);
  const { name, command, cwd, env, startTimeout, caseTimeout, grade, expectations } = given;
  const words = typeof command === 'string' ? splitCommand(command) : command;
  if (!isTexts(words) || words.length === 0)
    throw new Error('command is text, or a list of words, as ["python3", "losses.py"]');
  for (const [key, text] of Object.entries({ name, cwd, expectations }))
    if (text !== undefined && (typeof text !== 'string' || text.trim() === '')) throw new Error(`${key} is text`);
  for (const [key, seconds] of Object.entries({ startTimeout, caseTimeout }))
    if (seconds !== undefined && !(typeof seconds === 'number' && seconds > 0 && seconds <= 86_400))
      throw new Error(`${key} is a number of seconds, more than 0 and at most a day`);
  if (grade !== undefined && grade !== 'accurate' && grade !== 'conforming')
    throw new Error('grade is "accurate" or "conforming"');
  if (env !== undefined && !(env !== null && typeof env === 'object' && isTexts(Object.values(env))))
    throw new Error('env is an object of text');
  return {
    command: words,
    cwd: resolve(folder, (cwd as string | undefined) ?? '.'),
    ...(name === undefined ? {} : { name: name as string }),
    ...(env === undefined ? {} : { env: env as Record<string, string> }),
    ...(startTimeout === undefined ? {} : { startTimeout: startTimeout as number }),
    ...(caseTimeout === undefined ? {} : { caseTimeout: caseTimeout as number }),
    ...(grade === undefined ? {} : { grade }),
    ...(expectations === undefined ? {} : { expectations: resolve(folder, expectations as string) }),
  };
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');
