import { opCases, opSuite, testBackend } from '@isoloss/conformance';
import { defineBackend, type LossResult, primitives, referenceBackend } from '@isoloss/core';
import { describe, expect, test } from 'vitest';

testBackend(() => referenceBackend(), { describe, test });

test('the op suite names the operation that is wrong', async () => {
  const right = referenceBackend();
  const broken = defineBackend({
    id: 'broken',
    describe: () => right.describe().then((description) => ({ ...description, id: 'broken' })),
    load: async (program, dtype) => {
      const signature = Object.fromEntries(program.inputs.map(({ name, type }) => [name, { rank: type.shape.length }]));
      const compiled = await right.compile(program.loss, { dtype, signature });
      return {
        run: async (tensors): Promise<LossResult> => {
          const result = await compiled.run(tensors);
          // exp of anything below −80 is 0, as in a careless approximation.
          if (program.loss.id.startsWith('op:exp:'))
            for (let k = 0; k < result.value.data.length; k++)
              if (result.value.data[k]! < 1e-35) result.value.data[k] = 1e-35;
          return result;
        },
      };
    },
  });
  const failed = (await opSuite(broken)).filter(({ outcome }) => outcome !== 'pass');
  expect([...new Set(failed.map(({ op }) => op))]).toEqual(['exp']);
  expect(failed[0]!.reason).toMatch(/^exp: element \d+ is/);
});

test('every primitive has a case', () => {
  expect(new Set(opCases.map(({ op }) => op)).size).toBe(Object.keys(primitives).length);
});
