// The table of docs/wasm.md: which losses need kernels that are written by hand, between the fused ones.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const names = {
  matmul: 'products of matrices (`matmul`)',
  argsort: 'sorting (`argsort`)',
  cumsum: 'running sums (`cumsum`)',
  scan: 'recurrences (`scan`): fused kernels, once a step',
};

/** `compiler`: the folder of @isoloss/wasm's compiled modules; `vectorsOf` gives a loss's vectors, for its inputs' ranks. */
export async function wasmTable(core, compiler, vectorsOf) {
  const load = (file) => import(pathToFileURL(path.join(compiler, file)).href);
  const [{ plan }, { kept }, { ModuleBuilder }] = await Promise.all(
    ['compile/plan.js', 'compile/rewrite.js', 'assembler/index.js'].map(load),
  );
  const losses = new Map(Object.keys(names).map((kind) => [kind, []]));
  let alone = 0;
  for (const definition of core.catalogue.values()) {
    const { loss, inputs } = example(core, definition, vectorsOf(definition.id));
    const { signature, resolved } = core.checkInputs(loss, inputs);
    const differentiable = definition.notDifferentiable(loss.options) === undefined;
    const gradients = resolved
      .filter(({ spec, type }) => differentiable && type.dtype === 'float' && core.isDifferentiable(spec))
      .map(({ name }) => name);
    const program = core.lowered(core.trace(loss, { signature, gradients }), kept);
    const { steps } = plan(core.outputsOf(program), 'float32', new ModuleBuilder());
    const kinds = new Set(steps.map(({ kind }) => kind).filter((kind) => kind !== 'kernel'));
    for (const kind of kinds) losses.get(kind).push(definition.id);
    if (kinds.size === 0) alone++;
  }
  const links = (ids) => ids.map((id) => `[${id}](losses/${id}.md)`).join(', ');
  return [
    '| between the fused kernels | losses |',
    '| --- | --- |',
    `| nothing | the other ${alone} |`,
    ...[...losses].map(([kind, ids]) => `| ${names[kind]} | ${links(ids)} |`),
  ].join('\n');
}

/** A loss with inputs of ordinary ranks: with its default options, where they fit the vector. */
function example(core, definition, vectors) {
  for (const own of [false, true])
    for (const { options, inputs, flags, expected } of vectors.cases) {
      if (!flags.includes('ordinary') || expected.error !== undefined) continue;
      try {
        const loss = core.makeLoss(definition, own ? options : {});
        core.checkInputs(loss, inputs);
        return { loss, inputs };
      } catch (error) {
        if (!(error instanceof core.LossInputError)) throw error;
      }
    }
  throw new Error(`${definition.id} has no vector that shows how it is used`);
}
