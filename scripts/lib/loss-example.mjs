// A program for the page of a loss, of one of its vectors: short enough to be read, and run by the tests of the pages.
import { inspect } from 'node:util';

/** So many numbers of inputs fit on a page. */
const most = 40;

/** The vector that is read most easily of those that show something: a number, a slope, more than one element. */
function pick(definition, { cases }) {
  const dull = ['nan', 'infinity', 'empty', 'extreme', 'saturated', 'infeasible'];
  const price = ({ options, inputs, expected, flags }) => {
    const given = Object.values(inputs).map(({ data }) => data);
    const results = [expected.value, ...Object.values(expected.gradients ?? {}).slice(0, 1)].map(({ data }) => data);
    const characters = given.flat().reduce((sum, x) => sum + String(short(x)).length, 0);
    const unlike = (list, usual) => list.filter((name) => !usual.includes(name)).length;
    return (
      characters +
      25 * Object.keys(inputs).filter((name) => definition.inputs[name].optional).length +
      20 * unlike(Object.keys(options), ['reduction']) +
      15 * unlike(flags, ['ordinary', 'reduction', 'fixture']) +
      5 * unlike([options.reduction ?? 'mean'], ['mean']) +
      (expected.gradients === undefined ? 60 : 0) +
      (given[0].length < 2 ? 60 : 0) +
      // Labels are what most have, where a loss takes probabilities as well.
      (Object.entries(inputs).some(([name, { dtype }]) => definition.inputs[name].or && dtype !== 'int32') ? 60 : 0) +
      100 * [...given.slice(0, 2), ...results].filter((data) => data.every((x) => x === 0)).length +
      50 * results.filter((data) => data.every((x) => Math.abs(x) < 1e-3 || Math.abs(x) > 1e4)).length
    );
  };
  const fits = cases.filter(({ expected, options, inputs, flags }) => {
    const tensors = [
      ...Object.values(inputs),
      expected.value ?? { data: [] },
      ...Object.values(expected.gradients ?? {}),
    ];
    return (
      expected.error === undefined &&
      options.reduction !== 'partial' &&
      !flags.some((flag) => dull.includes(flag)) &&
      Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0) <= most &&
      tensors.every(({ data }) => data.length > 0 && data.every((x) => typeof x !== 'string'))
    );
  });
  return fits.sort((a, b) => price(a) - price(b))[0];
}

/** The shortest decimal that is this number in float32. */
function short(x) {
  if (typeof x !== 'number') return x;
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(x.toPrecision(digits));
    if (Math.fround(candidate) === Math.fround(x)) return candidate;
  }
  return x;
}

const literal = (value) => JSON.stringify(value).replaceAll(',', ', ');

/** Six digits: what follows may differ from one engine's exp and log to another's. */
const digits = (data) => Array.from(data, (x) => inspect(Number(x.toPrecision(6)))).join(' ');

export function exampleOf(core, definition, vectors) {
  const entry = pick(definition, vectors);
  if (entry === undefined) return '';
  const { id } = definition;
  const inputs = Object.fromEntries(
    Object.entries(entry.inputs).map(([name, tensor]) => [
      name,
      core.toNested({ ...core.tensorFromJSON(tensor, name), data: tensor.data.map(short) }),
    ]),
  );
  const gradients = Object.keys(entry.expected.gradients ?? {}).slice(0, 1);
  const options = Object.entries(entry.options).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(core.describeLoss(definition).options[name].default),
  );
  const shown = options.map(([name, value]) => `${name}: ${JSON.stringify(value).replaceAll('"', "'")}`).join(', ');
  const result = core.evaluate(core.makeLoss(definition, entry.options), inputs, { gradients });
  const printed = [digits(result.value.data), ...gradients.map((name) => digits(result.gradients[name].data))];
  const code = [
    `import { ${['evaluate', id].sort().join(', ')} } from '@isoloss/core';`,
    '',
    `const loss = ${id}(${shown === '' ? '' : `{ ${shown} }`});`,
    `const inputs = {`,
    ...Object.entries(inputs).map(([name, tensor]) => `  ${name}: ${literal(tensor)},`),
    `};`,
    gradients.length === 0
      ? 'const { value } = evaluate(loss, inputs);'
      : `const { value, gradients } = evaluate(loss, inputs, { gradients: ['${gradients[0]}'] });`,
    'const show = ({ data }) => console.log(...data.map((x) => +x.toPrecision(6)));',
    'show(value);',
    ...gradients.map((name) => `show(gradients.${name});`),
  ];
  return `## Example\n\n\`\`\`js\n${code.join('\n')}\n\`\`\`\n\n\`\`\`text\n${printed.join('\n')}\n\`\`\``;
}
