import { describe, expect, test } from 'vitest';
import {
  catalogue,
  check,
  checkInputs,
  describeLoss,
  evaluate,
  lossFromJSON,
  lowered,
  outputsOf,
  print,
  trace,
} from '../src/index.ts';
import { numbers } from './helpers.ts';
import { points } from './points.ts';

describe('every loss', () => {
  test('of the catalogue has a point here', () => {
    expect(Object.keys(points).sort()).toEqual([...catalogue.keys()]);
  });

  const cases = Object.entries(points).flatMap(([id, list]) =>
    list.map((point, k) => [`${id} ${k}`, id, point] as const),
  );

  test.each(cases)('%s: gradients against central differences', (_, id, point) => {
    const loss = lossFromJSON(id, point.options);
    const checked = checkInputs(loss, point.inputs);
    const wrt = checked.resolved
      .filter(({ type, spec }) => type.dtype === 'float' && spec.kind !== 'mask')
      .map(({ name }) => name);
    const { gradients } = evaluate(loss, point.inputs, { gradients: wrt });
    for (const name of wrt) {
      const tensor = checked.tensors[name]!;
      numbers(gradients[name]!).forEach((slope, k) => {
        const at = (step: number) => {
          const data = Float64Array.from(tensor.data);
          data[k]! += step;
          return numbers(
            evaluate(loss, { ...point.inputs, [name]: { dtype: 'float64', shape: tensor.shape, data } }).value,
          )[0]!;
        };
        expect(slope, `${name}[${k}]`).toBeCloseTo((at(1e-6) - at(-1e-6)) / 2e-6, 6);
      });
    }
  });

  test.each(cases)('%s: reductions agree', (_, id, point) => {
    const run = (reduction: string) =>
      numbers(evaluate(lossFromJSON(id, { ...point.options, reduction }), point.inputs).value);
    const [mean, [numerator, normalizer]] = [run('mean')[0]!, run('partial') as [number, number]];
    if (point.options?.reduction === undefined) expect(mean).toBeCloseTo(numerator / normalizer, 12);
    expect(run('sum')[0]).toBeCloseTo(
      run('none').reduce((a, b) => a + b, 0),
      12,
    );
  });

  test.each(cases)('%s: every pass leaves a well-typed graph with the same meaning', (_, id, point) => {
    const loss = lossFromJSON(id, point.options);
    const { signature, resolved } = checkInputs(loss, point.inputs);
    const gradients = resolved.filter(({ type }) => type.dtype === 'float').map(({ name }) => name);
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
