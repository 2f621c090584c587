/**
 * One vector of every loss on four backends, judged by the bounds of @isoloss/conformance. The packages are handed in, as
 * their users get them: by `import` or by `require`.
 */
export async function judge({ conformance, core, wasm, onnx, tfjs }, dtypes) {
  const files = await conformance.loadVectors();
  const vectors = files.map((file) => ({ ...file, cases: [typical(file.cases)] }));
  const backends = [
    core.referenceBackend(),
    wasm.wasmBackend(),
    onnx.onnxBackend(),
    await tfjs.tfjsBackend('tfjs-cpu'),
  ];
  const result = await conformance.runConformance({ backends, vectors, dtypes });
  for (const backend of backends) await backend.dispose();
  for (const cell of result.cells) {
    if (cell.passed === 1) continue;
    const [{ id, outcome, reason }] = cell.cases;
    console.error(`${id} on ${cell.backend} in ${cell.dtype}: ${outcome}: ${reason}`);
    process.exitCode = 1;
  }
  console.log(
    JSON.stringify({
      node: process.version,
      losses: result.losses.length,
      backends: result.backends.map(({ id }) => id),
      cells: result.cells.length,
      passed: result.totals.passed,
      worst: Math.max(...result.cells.map(({ worstRatio }) => worstRatio?.ratio ?? 0)),
    }),
  );
}

/** An ordinary case with gradients, where there is one. */
function typical(cases) {
  const numeric = cases.filter(({ expected }) => 'gradients' in expected && Object.keys(expected.gradients).length > 0);
  return numeric.find(({ flags }) => flags.includes('ordinary')) ?? numeric[0] ?? cases[0];
}
