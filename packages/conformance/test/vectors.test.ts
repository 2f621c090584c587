import { readFile } from 'node:fs/promises';
import { loadVectors, parseVectors, type VectorFileJSON, vectorIds } from '@isoloss/conformance';
import { catalogue } from '@isoloss/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';

const read = async (path: string) => JSON.parse(await readFile(new URL(`../${path}`, import.meta.url), 'utf8'));
const ids = await vectorIds();
const validate = new Ajv2020({ allErrors: true, strict: false }).compile(await read('schemas/vectors.schema.json'));

describe.each(ids)('vectors of %s', (id) => {
  test('validate against the schema', async () => {
    const valid = validate(await read(`vectors/${id}.json`));
    expect(validate.errors?.slice(0, 5) ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  test('have ids of their own, at least 25, and a note for every flag', async () => {
    const [file] = await loadVectors([id]);
    const names = file!.cases.map((entry) => entry.id);
    expect(names.length).toBeGreaterThanOrEqual(25);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => name.startsWith(`${id}/`))).toBe(true);
    const flags = new Set(file!.cases.flatMap((entry) => entry.flags));
    expect([...flags].filter((flag) => file!.notes[flag] === undefined)).toEqual([]);
  });

  test('use inputs that float32 holds exactly', async () => {
    const raw = (await read(`vectors/${id}.json`)) as VectorFileJSON;
    const wrong = raw.cases.flatMap((entry) =>
      Object.values(entry.inputs as Record<string, { dtype: string }>).filter(({ dtype }) => dtype === 'float64'),
    );
    expect(wrong).toEqual([]);
  });

  test('use every option and reduction', async () => {
    const [file] = await loadVectors([id]);
    const definition = catalogue.get(id)!;
    const used = new Set(file!.cases.flatMap((entry) => Object.keys(entry.options)));
    expect(Object.keys(definition.options).filter((option) => !used.has(option))).toEqual([]);
    const reductions = new Set(file!.cases.map((entry) => entry.options.reduction ?? 'mean'));
    expect(definition.reductions.filter((reduction) => !reductions.has(reduction))).toEqual([]);
  });
});

test('every loss of the catalogue has vectors', () => {
  expect(ids).toEqual([...catalogue.keys()].sort());
});

const minimal = (data: unknown): VectorFileJSON =>
  ({
    schema: 'isoloss-vectors/1',
    loss: 'l1',
    sources: [],
    notes: {},
    cases: [
      {
        id: 'l1/0001',
        flags: [],
        options: { p: 'Infinity' },
        inputs: { input: { dtype: 'float32', shape: [3], data: [0.1, 'NaN', '-0'] } },
        expected: { value: { dtype: 'float64', shape: [2], data, low: [1e-20, 0], sensitivity: [1, 'Infinity'] } },
      },
    ],
  }) as VectorFileJSON;

test('strings stand for what JSON has no number for', () => {
  const [entry] = parseVectors(minimal([1, '-Infinity'])).cases;
  const input = entry!.inputs.input!.data;
  expect(input[0]).toBe(Math.fround(0.1));
  expect(input[1]).toBeNaN();
  expect(Object.is(input[2], -0)).toBe(true);
  expect(entry!.expected).toMatchObject({ value: { low: new Float64Array([1e-20, 0]) } });
  expect(entry!.expected).toMatchObject({ value: { sensitivity: new Float64Array([1, Infinity]) } });
});

test('a mistake names the case', () => {
  expect(() => parseVectors(minimal([1]))).toThrow(/l1\/0001: expected: holds 1 numbers/);
  expect(() => parseVectors({ ...minimal([1, 2]), schema: 'isoloss-vectors/2' as never })).toThrow(/schema/);
});
