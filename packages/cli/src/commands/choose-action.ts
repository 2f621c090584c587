import { type FloatDType, findLoss } from '@isoloss/core';
import { backendList, type Target } from '../backends.ts';
import { chooseBackend } from '../choose/choose.ts';
import { choiceMarkdown, choiceText } from '../choose/text.ts';
import type { ChoiceRequest, Objective } from '../choose/types.ts';
import { parseBytes, parseTime } from '../doctor/units.ts';
import { UnavailableError, UsageError } from '../errors.ts';
import { assignment, lossWith } from '../option-values.ts';
import { print, printJSON } from '../output.ts';
import { Progress } from '../progress.ts';
import type { ChooseFlags } from './choose.ts';

export async function choose(flags: ChooseFlags): Promise<void> {
  const request = requestOf(flags);
  const progress = new Progress('choose');
  const report = await chooseBackend({
    ...request,
    onProgress: (done, total, what) => progress.at(done, total, what),
  }).finally(() => progress.end());
  const { recommendation, excluded } = report;
  if (flags.emit !== undefined) {
    if (recommendation === null)
      throw new UnavailableError(
        `nothing is left to recommend: ${excluded.map(({ candidate, reason }) => `${candidate} ${reason}`).join('; ')}`,
      );
    printJSON(recommendation.config);
  } else if (flags.json) printJSON(report);
  else print(flags.markdown ? choiceMarkdown(report) : choiceText(report));
  process.exitCode = recommendation === null ? 1 : 0;
}

function requestOf(flags: ChooseFlags): ChoiceRequest {
  if (flags.loss === undefined)
    throw new UsageError('choose needs a loss, as in --loss crossEntropy; isoloss list shows what there is');
  if (flags.emit !== undefined && flags.emit !== 'config') throw new UsageError(`--emit is config, not ${flags.emit}`);
  const definition = findLoss(flags.loss);
  const typed = new Map((flags.option ?? []).map((text) => assignment(text, '--option')));
  const { options } = lossWith(definition, typed);
  const given = Object.fromEntries(Object.entries(options).filter(([name]) => typed.has(name)));
  const seconds = Number(flags.timeout);
  if (!(seconds > 0 && seconds <= 3600))
    throw new UsageError(`--timeout is a number of seconds up to 3600, not ${flags.timeout}`);
  return {
    loss: definition.id,
    options: given,
    shape: shapesOf(flags.shape, definition.id),
    gradients: flags.gradients === undefined ? false : flags.gradients === true || flags.gradients.split(','),
    dtype: flags.dtype as FloatDType,
    target: flags.target as Target,
    objective: flags.objective as Objective,
    maxInstall: limit('--max-install', flags.maxInstall, parseBytes, '50MB'),
    maxColdStart: limit('--max-cold-start', flags.maxColdStart, parseTime, '500ms'),
    backends: flags.backend === undefined ? undefined : backendList(flags.backend),
    quick: flags.quick ?? false,
    timeoutMs: seconds * 1000,
  };
}

function limit(
  flag: string,
  text: string | undefined,
  parse: (text: string) => number | undefined,
  example: string,
): number | undefined {
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === undefined || value <= 0)
    throw new UsageError(`${flag} is a limit as in ${flag} ${example}, not ${text}`);
  return value;
}

/** `4096x1000`, `target=32x20`. */
function shapesOf(texts: readonly string[] | undefined, id: string): ChoiceRequest['shape'] {
  if (texts === undefined)
    throw new UsageError(
      `choose needs the shape of your data, as in --shape 4096x1000; isoloss show ${id} names the inputs`,
    );
  const shapes = texts.map((text): [string, number[]] => {
    const [name, sizes] = text.includes('=') ? assignment(text, '--shape') : ['', text];
    if (!/^[1-9]\d{0,8}([x×,][1-9]\d{0,8})*$/.test(sizes))
      throw new UsageError(`--shape ${text}: sizes are whole numbers from 1 on, as in 4096x1000 or target=32x20`);
    return [name, sizes.split(/[x×,]/).map(Number)];
  });
  return Object.fromEntries(shapes);
}
