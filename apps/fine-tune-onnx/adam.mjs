/** Adam (Kingma & Ba, 2015) on arrays that it changes in place. */
export function adam(parameters, { rate = 0.003, decay = [0.9, 0.999] } = {}) {
  const moments = parameters.map(({ length }) => [new Float64Array(length), new Float64Array(length)]);
  let step = 0;
  return (gradients) => {
    step++;
    parameters.forEach((parameter, k) => {
      const [mean, square] = moments[k];
      for (const [i, g] of gradients[k].entries()) {
        mean[i] = decay[0] * mean[i] + (1 - decay[0]) * g;
        square[i] = decay[1] * square[i] + (1 - decay[1]) * g * g;
        const scale = Math.sqrt(square[i] / (1 - decay[1] ** step)) + 1e-8;
        parameter[i] -= (rate * mean[i]) / (1 - decay[0] ** step) / scale;
      }
    });
  };
}
