import { catalogue, type FloatDType } from '@isoloss/core';
import type { ElementResult } from './compare.ts';
import type { CaseResult, ConformanceResult, Participant } from './result.ts';
import type { VectorCase, VectorFile } from './vectors.ts';

/** How a library differs in a case. */
export type Difference =
  /** Another value, or another gradient by an input: `output` says which. */
  | { readonly kind: 'numbers'; readonly outputs: readonly string[]; readonly elements: readonly ElementResult[] }
  /** It refuses what is defined, fails to answer, or answers in another shape: `words` says how. */
  | { readonly kind: 'refuses' | 'breaks' | 'shape'; readonly words: string }
  /** It gives a number where the definition refuses. */
  | { readonly kind: 'answers'; readonly words: string };

/** One library in one case. */
export interface LibraryCase {
  readonly library: string;
  /** In which dtypes it differs there; undefined where in all in which it was run. */
  readonly dtypes?: readonly FloatDType[];
  /** Of the widest of these dtypes: there rounding explains least. */
  readonly difference: Difference;
}

/** A case in which at least one library differs. */
export interface DisagreementCase {
  readonly entry: VectorCase;
  readonly libraries: readonly LibraryCase[];
}

/** Cases of a loss that differ for one reason. */
export interface Disagreement {
  /** Why, in the words of the vectors: a crosscheck's cause, the case's comment, or what its flags mean. */
  readonly why: string;
  readonly libraries: readonly string[];
  readonly cases: readonly DisagreementCase[];
  /** The case to show: of those that most of the libraries are in, the smallest. */
  readonly example: DisagreementCase;
}

/** What a library made of a loss. */
export interface LibraryLoss {
  /** Cases that it answered or refused, each counted once whatever the dtypes; those left out are not among them. */
  readonly judged: number;
  readonly differs: number;
  /** Cases that the definition refuses and the library answers: no other numbers, but no check either. */
  readonly unrefused: number;
  /** Right within the grade, but beyond the bound derived for a number: how often, and the worst. */
  readonly inaccurate: number;
  readonly worst?: { readonly id: string; readonly dtype: FloatDType; readonly element: ElementResult };
}

/** What libraries do with one loss. */
export interface LossDisagreements {
  readonly loss: string;
  readonly family: string;
  /** What the definition says of itself. */
  readonly conventions: readonly string[];
  readonly libraries: ReadonlyMap<string, LibraryLoss>;
  readonly disagreements: readonly Disagreement[];
}

/** Where libraries differ from the vectors, by loss. */
export interface Disagreements {
  readonly libraries: readonly Participant[];
  /** When the runs were made. */
  readonly started: readonly string[];
  /** Losses that at least one library has, by name. */
  readonly losses: readonly LossDisagreements[];
}

/**
 * Where foreign implementations give other numbers or gradients than the definition, from runs of them and from the
 * notes of the vectors.
 *
 * @throws Error if no foreign implementation took part
 */
export function findDisagreements(runs: readonly ConformanceResult[], vectors: readonly VectorFile[]): Disagreements {
  const libraries = new Map<string, Participant>();
  for (const { backends } of runs) for (const one of backends) if (one.foreign) libraries.set(one.id, one);
  if (libraries.size === 0)
    throw new Error(
      'no foreign implementation took part; isoloss conformance --implementation "…" --report json makes such a run',
    );
  const losses = vectors.map((file) => ofLoss(file, runs, libraries));
  return {
    libraries: [...libraries.values()],
    started: [...new Set(runs.map(({ started }) => started))].sort(),
    losses: losses.filter((loss) => loss.libraries.size > 0),
  };
}

function ofLoss(
  file: VectorFile,
  runs: readonly ConformanceResult[],
  participants: ReadonlyMap<string, Participant>,
): LossDisagreements {
  const results = new Map<string, Map<string, [FloatDType, CaseResult][]>>();
  for (const { cells } of runs)
    for (const { loss, backend, dtype, cases } of cells) {
      if (loss !== file.loss || !participants.has(backend)) continue;
      const of = results.get(backend) ?? new Map<string, [FloatDType, CaseResult][]>();
      results.set(backend, of);
      for (const result of cases) of.set(result.id, [...(of.get(result.id) ?? []), [dtype, result]]);
    }
  const libraries = new Map<string, LibraryLoss>();
  for (const [library, cases] of results) {
    const judged = judge([...cases.values()]);
    if (judged.judged > 0) libraries.set(library, judged);
  }
  const groups = new Map<string, Map<VectorCase, LibraryCase[]>>();
  for (const entry of file.cases)
    for (const [library, cases] of results) {
      const found = differs(library, cases.get(entry.id) ?? []);
      if (found === undefined) continue;
      const why = reason(entry, file, library, cases.get(entry.id)!);
      const group = groups.get(why) ?? new Map<VectorCase, LibraryCase[]>();
      groups.set(why, group.set(entry, [...(group.get(entry) ?? []), found]));
    }
  const definition = catalogue.get(file.loss);
  return {
    loss: file.loss,
    family: definition?.family ?? 'other',
    conventions: definition?.about?.conventions ?? [],
    libraries,
    // Numbers first: that input is not refused is worth less to a reader.
    disagreements: [...groups]
      .map(([why, group]) => disagreement(why, group))
      .sort((a, b) => Number(onlyUnrefused(a)) - Number(onlyUnrefused(b))),
  };
}

function judge(cases: readonly (readonly [FloatDType, CaseResult][])[]): LibraryLoss {
  let worst: LibraryLoss['worst'];
  let [judged, wrong, unrefused, inaccurate] = [0, 0, 0, 0];
  for (const results of cases) {
    // A library without gradients is judged by its values, although the case as a whole counts as skipped.
    if (results.every(([, { outcome, skippedGradients }]) => outcome === 'skipped' && !skippedGradients)) continue;
    judged++;
    const found = results.filter(([, result]) => isWrong(result)).map(([, result]) => differenceOf(result));
    if (found.some(({ kind }) => kind !== 'answers')) wrong++;
    else if (found.length > 0) unrefused++;
    if (found.length > 0 || !results.some(([, result]) => result.inaccurate !== undefined)) continue;
    inaccurate++;
    for (const [dtype, { id, inaccurate: element }] of results)
      if (element !== undefined && !(worst !== undefined && worst.element.ulp >= element.ulp))
        worst = { id, dtype, element };
  }
  return { judged, differs: wrong, unrefused, inaccurate, ...(worst === undefined ? {} : { worst }) };
}

/** An expected failure is a difference all the same; a pass that was not expected is none. */
const isWrong = ({ outcome, unexpectedPass }: CaseResult): boolean =>
  (outcome === 'fail' || outcome === 'error') && unexpectedPass === undefined;

function differs(library: string, results: readonly (readonly [FloatDType, CaseResult])[]): LibraryCase | undefined {
  const wrong = results.filter(([, result]) => isWrong(result));
  const [, result] = wrong.at(-1) ?? [];
  if (result === undefined) return undefined;
  const all = wrong.length === results.length;
  return {
    library,
    ...(all ? {} : { dtypes: wrong.map(([dtype]) => dtype) }),
    difference: differenceOf(result),
  };
}

function differenceOf({ outcome, reason = '', failures = [] }: CaseResult): Difference {
  if (outcome === 'error') return { kind: 'breaks', words: reason };
  if (reason.startsWith('refused with')) return { kind: 'refuses', words: reason };
  if (reason.startsWith('expected the error')) return { kind: 'answers', words: reason };
  if (failures.length === 0) return { kind: 'shape', words: reason };
  return { kind: 'numbers', outputs: [...new Set(failures.map(({ output }) => output))], elements: failures };
}

/** What says nothing of why, when there is a flag that does. */
const general = ['ordinary', 'option', 'fixture', 'rank', 'extreme', 'reduction', 'stability-exception'];

/**
 * Why a library differs in a case: the cause that the oracle's own comparison recorded for it, what its list of
 * expected failures says, what the case is about, what its flags mean.
 */
function reason(
  { crosscheck = [], comment, flags, expected }: VectorCase,
  { notes }: VectorFile,
  library: string,
  results: readonly (readonly [FloatDType, CaseResult])[],
): string {
  const own = crosscheck.find(({ with: name, cause }) => cause !== undefined && isSame(name, library))?.cause;
  const listed = results.flatMap(([, { expectedFailure }]) => expectedFailure?.reason ?? []);
  const explained = listed.find((text) => !text.startsWith('not explained yet'));
  const telling = [...flags].sort((a, b) => general.indexOf(a) - general.indexOf(b))[0];
  const refused = 'error' in expected ? `Such input is refused with ${expected.error}.` : undefined;
  return (
    own ?? explained ?? comment ?? refused ?? notes[telling ?? '']?.description ?? 'No note of the vectors says why.'
  );
}

const isSame = (recorded: string, library: string): boolean =>
  library
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .includes(recorded.toLowerCase());

function disagreement(why: string, group: ReadonlyMap<VectorCase, readonly LibraryCase[]>): Disagreement {
  const cases = [...group].map(([entry, libraries]) => ({ entry, libraries }));
  const size = ({ entry }: DisagreementCase) =>
    Object.values(entry.inputs).reduce((sum, { data }) => sum + data.length, 0);
  const example = cases.reduce((best, one) => {
    const more = one.libraries.length - best.libraries.length;
    return more > 0 || (more === 0 && size(one) > 0 && (size(one) < size(best) || size(best) === 0)) ? one : best;
  });
  const libraries = [...new Set(cases.flatMap((one) => one.libraries.map(({ library }) => library)))];
  return { why, libraries, cases, example };
}

const onlyUnrefused = ({ cases }: Disagreement): boolean =>
  cases.every(({ libraries }) => libraries.every(({ difference }) => difference.kind === 'answers'));
