// The page of a loss, all of it from its definition and its vectors.
import { curve } from './curve.mjs';
import { exampleOf } from './loss-example.mjs';

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head, rows) =>
  [
    `| ${head.join(' | ')} |`,
    `| ${head.map(() => '---').join(' | ')} |`,
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  ].join('\n');

/** The losses of one prediction: an elementwise `input` against a `target`. */
export function curveOf(core, definition) {
  const required = Object.entries(definition.inputs).filter(([, spec]) => !spec.optional);
  const elementwise =
    required.length === 2 &&
    required.every(([name, spec]) => (name === 'input' || name === 'target') && spec.shape === '...');
  if (!elementwise) return undefined;
  const { kind } = definition.inputs.input;
  const sign = definition.inputs.target.kind === 'sign';
  const { from, to, target } = {
    from: kind === 'probability' ? 0 : -3,
    to: kind === 'probability' ? 1 : 3,
    target: sign || kind === 'probability' || definition.family === 'classification' ? 1 : 0,
    ...definition.about?.plot,
  };
  const steps = 240;
  const predictions = Float64Array.from({ length: steps + 1 }, (_, k) => from + ((to - from) * k) / steps);
  const { value, gradients } = core.evaluate(
    core.makeLoss(definition, { reduction: 'none' }),
    { input: predictions, target: new Float64Array(steps + 1).fill(target) },
    { gradients: ['input'] },
  );
  return curve({
    title: definition.id,
    target,
    points: Array.from(predictions, (x, k) => [x, value.data[k], gradients.input.data[k]]),
  });
}

/** Links to the recipes that speak of the loss. */
function recommendedBy({ id }, recipes) {
  const links = recipes
    .filter(([, text]) => text.includes(`(../losses/${id}.md)`))
    .map(([file, text]) => `[${/^# (.+)$/m.exec(text)[1].toLowerCase()}](../recipes/${file})`);
  return links.length === 0 ? [] : [`Recipes: ${links.join(', ')}.`];
}

/** Where other libraries give other numbers, and why, as the vectors have found. */
function disagreements(vectors) {
  const causes = new Map();
  for (const { crosscheck = [] } of vectors?.cases ?? []) {
    for (const { with: library, agrees, cause } of crosscheck) {
      if (agrees || cause === undefined) continue;
      const key = `${library}: ${cause}`;
      causes.set(key, (causes.get(key) ?? 0) + 1);
    }
  }
  return [...causes].map(([text, count]) => `- ${text} (${count} ${count === 1 ? 'vector' : 'vectors'}).`);
}

/** `recipes`: pages that recommend losses, as [file, text]. */
export function lossPage(core, definition, vectors, hasCurve, recipes) {
  const { about } = definition;
  const entry = core.describeLoss(definition);
  const sections = [
    `# ${definition.id}`,
    about.summary,
    definition.aliases.length > 0
      ? `Also: ${definition.aliases.map((alias) => `\`${alias}\``).join(', ')}. Family: ${definition.family}.`
      : `Family: ${definition.family}.`,
    `\`\`\`text\n${about.formula}\n\`\`\``,
    [`**When to use it.** ${about.use}`, ...recommendedBy(definition, recipes)].join(' '),
    hasCurve ? `![value and gradient of ${definition.id}](${definition.id}.svg)` : '',
    '## Inputs',
    table(
      ['name', 'what', 'gradient'],
      entry.inputs.map((input) => [
        `\`${input.name}\`${input.optional ? ' (optional)' : ''}`,
        core.describeInput(definition.inputs[input.name]),
        input.differentiable || input.or?.differentiable ? 'yes' : '—',
      ]),
    ),
    '## Options',
    table(
      ['name', 'legal', 'default'],
      Object.entries(definition.options).map(([name, schema]) => [
        `\`${name}\``,
        core.describeOption(schema),
        `\`${JSON.stringify(entry.options[name].default)}\``,
      ]),
    ),
    definition.separable ? '' : 'It couples examples: shards can’t be merged, and there is no reduction `partial`.',
    vectors ? exampleOf(core, definition, vectors) : '',
    about.conventions?.length ? `## Conventions\n\n${about.conventions.map((text) => `- ${text}`).join('\n')}` : '',
  ];
  const differ = disagreements(vectors);
  if (differ.length > 0)
    sections.push(`## Where libraries differ\n\nFound by running the vectors through them:\n\n${differ.join('\n')}`);
  if (about.names)
    sections.push(
      `## Elsewhere\n\n${table(
        ['library', 'name'],
        Object.entries(about.names).map(([library, name]) => [library, `\`${name}\``]),
      )}`,
    );
  sections.push(`## Sources\n\n${about.sources.map((source) => `- ${source}`).join('\n')}`);
  if (vectors)
    sections.push(
      `Proven against ${vectors.cases.length} [vectors](../../packages/conformance/vectors/${definition.id}.json).`,
    );
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

/** The index of all pages, by family. */
export function indexPage(definitions) {
  const families = new Map();
  for (const definition of definitions)
    families.set(definition.family, [...(families.get(definition.family) ?? []), definition]);
  const lists = [...families]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([family, list]) =>
        `## ${family[0].toUpperCase()}${family.slice(1)}\n\n${table(
          ['loss', 'what it is'],
          list.map(({ id, about }) => [`[${id}](${id}.md)`, about.summary]),
        )}`,
    );
  return `# The losses\n\n${definitions.length} losses. Each page is generated from the loss’s definition and its vectors.\n\n${lists.join('\n\n')}\n`;
}
