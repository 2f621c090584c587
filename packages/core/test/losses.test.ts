import { describe, expect, test } from 'vitest';
import {
  catalogue,
  check,
  checkInputs,
  describeLoss,
  evaluate,
  isDifferentiable,
  lossFromJSON,
  lowered,
  outputsOf,
  print,
  trace,
} from '../src/index.ts';
import { numbers } from './helpers.ts';
import { type Point, points } from './points.ts';

/** The inputs of a point that have gradients. */
const differentiable = (id: string, { inputs, options }: Point): string[] =>
  checkInputs(lossFromJSON(id, options), inputs)
    .resolved.filter(({ spec }) => isDifferentiable(spec))
    .map(({ name }) => name);

describe('every loss', () => {
  test('of the catalogue has a point here', () => {
    expect(Object.keys(points).sort()).toEqual([...catalogue.keys()]);
  });

  const cases = Object.entries(points).flatMap(([id, list]) =>
    list.map((point, k) => [`${id} ${k}`, id, point] as const),
  );

  test.each(cases.filter(([, , { stopped }]) => !stopped))(
    '%s: gradients against central differences',
    (_, id, point) => {
      const loss = lossFromJSON(id, point.options);
      const { tensors } = checkInputs(loss, point.inputs);
      const wrt = differentiable(id, point);
      const { gradients } = evaluate(loss, point.inputs, { gradients: wrt });
      for (const name of wrt) {
        const tensor = tensors[name]!;
        for (const [k, slope] of numbers(gradients[name]!).entries()) {
          const at = (step: number) => {
            const data = Float64Array.from(tensor.data);
            data[k]! += step;
            const moved = { ...point.inputs, [name]: { dtype: 'float64' as const, shape: tensor.shape, data } };
            return numbers(evaluate(loss, moved).value).reduce((a, b) => a + b, 0);
          };
          const difference = (at(1e-6) - at(-1e-6)) / 2e-6;
          expect(
            Math.abs(slope - difference) / Math.max(1, Math.abs(slope)),
            `${name}[${k}] ${slope} ${difference}`,
          ).toBeLessThan(1e-6);
        }
      }
    },
  );

  test.each(cases)('%s: reductions agree', (_, id, point) => {
    const run = (reduction: string) =>
      numbers(evaluate(lossFromJSON(id, { ...point.options, reduction }), point.inputs).value);
    const sum = run('none').reduce((a, b) => a + b, 0);
    expect(run('sum')[0]).toBeCloseTo(sum, 12);
    // A region over the whole batch couples its examples.
    if (!catalogue.get(id)!.separable || point.options?.per === 'batch') return;
    const [numerator, normalizer] = run('partial');
    if (point.options?.reduction === undefined) expect(run('mean')[0]).toBeCloseTo(numerator! / normalizer!, 12);
    if (id !== 'ctc') expect(numerator).toBeCloseTo(sum, 12);
  });

  test.each(cases)('%s: every pass leaves a well-typed graph with the same meaning', (_, id, point) => {
    const loss = lossFromJSON(id, point.options);
    const { signature } = checkInputs(loss, point.inputs);
    const gradients = differentiable(id, point);
    const program = trace(loss, { signature, gradients });
    check(outputsOf(program));
    check(outputsOf(lowered(program)));
    expect(print({ value: lowered(program).value })).toBe(
      print({ value: lowered(trace(loss, { signature, gradients })).value }),
    );
  });

  test.each([...catalogue.keys()])('%s: is fully described', (id) => {
    const { about } = catalogue.get(id)!;
    expect(about?.sources.length).toBeGreaterThan(0);
    for (const text of [about?.summary, about?.formula, about?.use]) expect(text?.length).toBeGreaterThan(10);
    expect(JSON.parse(JSON.stringify(describeLoss(catalogue.get(id)!)))).toEqual(describeLoss(catalogue.get(id)!));
  });
});
