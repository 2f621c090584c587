// The doc comment of a loss, which editors show, from its definition: nobody writes it twice.

/** Words in lines that fit the source's width behind ` * `; further lines of a list's item are indented. */
function wrap(text, indent = '') {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line.trim() !== '' && line.length + word.length + 1 > 116) lines.push(`${indent}${word}`);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

function lossComment(core, definition) {
  const { id, about, inputs, options } = definition;
  const { options: described } = core.describeLoss(definition);
  const legal = Object.entries(options).map(
    ([name, schema]) =>
      `\`${name}\` (${core.describeOption(schema)}, default ${JSON.stringify(described[name].default)})`,
  );
  const lines = [
    ...wrap(about.summary),
    '',
    ...wrap(`\`${about.formula}\``),
    '',
    ...Object.entries(inputs).flatMap(([name, spec]) =>
      wrap(`- \`${name}\`${spec.optional ? ' (optional)' : ''}: ${core.describeInput(spec)}`, '  '),
    ),
    '',
    ...wrap(`Options: ${legal.join(', ')}.`),
    '',
    ...wrap(`When to use it, conventions, sources: docs/losses/${id}.md`),
  ];
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}

/** A source of losses with the comment above each definition. `definitions` are by the name of the export. */
export function commented(source, core, definitions) {
  return source.replace(
    /(?:^\/\*\*\n(?: \*.*\n)*? \*\/\n)?^export const (\w+) = defineLoss/gm,
    (_, name) => `${lossComment(core, definitions[name].definition)}export const ${name} = defineLoss`,
  );
}
