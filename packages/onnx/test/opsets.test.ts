import { loadVectors, opSuite, runConformance } from '@isoloss/conformance';
import { afterAll, describe, expect, test } from 'vitest';
import { opsets } from '../src/attach.ts';
import { programModel } from '../src/model.ts';
import { modelBackend } from './model-backend.ts';

// toOnnx writes opset 18; attachLoss writes whatever the model has. Each must be valid, and mean the same.

const all = Array.from({ length: opsets.newest - opsets.oldest + 1 }, (_, k) => opsets.oldest + k);
/** Losses that between them have a scan, a sort, running sums, gathers, scatters, shifts, and sizes from shapes. */
const losses = ['crossEntropy', 'ctc', 'lovaszSoftmax', 'wasserstein1d', 'totalVariation', 'npcFace'];
const needsScatter = /which ONNX has from opset 16 on; the model has opset 1[45]/;

describe.each(all)('opset %i', (opset) => {
  const backend = modelBackend(`opset-${opset}`, (program, dtype) => ({
    bytes: programModel(program, { dtype, labels: 'int32', opset }),
    nameOf: (own) => own,
  }));
  afterAll(() => backend.dispose());

  test('has every primitive', async () => {
    const results = await opSuite(backend);
    expect(results.length).toBeGreaterThan(50);
    for (const { op, name, outcome, reason } of results) {
      if (outcome === 'pass') continue;
      // What can't be said in an old opset is refused, with a word.
      expect({ op, name, outcome, reason }).toEqual({
        op,
        name,
        outcome: 'skipped',
        reason: expect.stringMatching(needsScatter),
      });
      expect(opset).toBeLessThan(16);
    }
  });

  test.each(losses)('%s', async (loss) => {
    const [file] = await loadVectors([loss]);
    // What is at stake is whether the operations are there; npm start runs every vector, in one opset.
    const vectors = [{ ...file!, cases: file!.cases.filter((_, k) => k % 16 === 0) }];
    const { cells } = await runConformance({ backends: [backend], vectors, dtypes: ['float32'] });
    const results = cells.flatMap(({ cases }) => cases);
    expect(results.length).toBeGreaterThan(2);
    const passed = results.filter(({ outcome }) => outcome === 'pass').length;
    expect(passed).toBeGreaterThan(0);
    for (const { id, outcome, reason } of results)
      if (outcome !== 'pass')
        expect({ id, outcome, reason, opset: opset < 16 }).toEqual({
          id,
          outcome: 'skipped',
          reason: expect.stringMatching(needsScatter),
          opset: true,
        });
  });
});
