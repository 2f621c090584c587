// The tables of docs/from-*.md: what a library calls our losses, and what it does otherwise: by the definitions, the cross-checks of
// the vectors, and the runs of docs/disagreements.md.

/** By page: the libraries of its table, and the column of docs/disagreements.md that has run them. */
const pages = {
  'from-pytorch': {
    libraries: [
      'torch',
      'torchvision',
      'torchaudio',
      'pytorch-metric-learning',
      'kornia',
      'monai',
      'smp',
      'timm',
      'lightly',
      'trl',
    ],
    columns: { torch: 'torch', torchvision: 'torch', 'pytorch-metric-learning': 'pytorch-metric-learning' },
    words: /torch|kornia|MONAI|segmentation-models|timm|insightface/i,
  },
  'from-keras': {
    libraries: ['keras'],
    columns: { keras: 'keras-tensorflow' },
    words: /keras/i,
  },
  'from-tfjs': { libraries: ['tfjs'], columns: {}, words: /tfjs|TensorFlow\.js/i },
};

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** `disagreements` is the text of docs/disagreements.md; `vectorsOf` gives a loss's vectors. */
export function migrationTables(core, vectorsOf, disagreements) {
  const glance = glanceOf(disagreements);
  return Object.fromEntries(
    Object.entries(pages).map(([page, { libraries, columns, words }]) => {
      const rows = libraries.flatMap((library) =>
        [...core.catalogue.values()].flatMap((definition) =>
          namesOf(definition, library).map((name) => [
            `${library === libraries[0] ? '' : `${library} `}\`${name}\``,
            `[${definition.id}](losses/${definition.id}.md)`,
            toKnow(definition, library, words, vectorsOf(definition.id)).join(' '),
            ran(glance, definition.id, columns[library]),
          ]),
        ),
      );
      const measured = Object.keys(columns).length > 0;
      const table = [
        `| there | here | what to know |${measured ? ' vectors |' : ''}`,
        `| --- | --- | --- |${measured ? ' --- |' : ''}`,
        ...rows.map(
          (row) =>
            `| ${row
              .slice(0, measured ? 4 : 3)
              .map(cell)
              .join(' | ')} |`,
        ),
      ];
      return [page, table.join('\n')];
    }),
  );
}

const namesOf = ({ about }, library) => (about.names?.[library] === undefined ? [] : about.names[library].split(', '));

/** What the definition says about the library; if nothing, what the cross-checks of the vectors found. */
function toKnow({ about }, library, words, { cases }) {
  const said = (about.conventions ?? []).filter((text) => words.test(text) && !/, as in torch\.?$/.test(text));
  if (said.length > 0) return said.map(sentence);
  const found = cases
    .flatMap(({ crosscheck = [] }) => crosscheck)
    .filter(({ with: other, agrees, cause }) => other === library && !agrees && cause !== undefined)
    .map(({ cause }) => sentence(cause));
  return [...new Set(found)];
}

/** Names of libraries begin a sentence in capitals, names of options don't. */
const sentence = (text) =>
  `${text
    .replace(/^jax's /, 'On JAX, ')
    .replace(/^(torch|torchvision|keras|kornia)\b/, (name) => name[0].toUpperCase() + name.slice(1))
    .replace(/\.$/, '')}.`;

/** The table "At a glance" as a map from loss to column to what it says. */
function glanceOf(text) {
  const lines = text.split('\n');
  const head = lines.findIndex((line) => line.startsWith('| loss |'));
  const cells = (line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((part) => part.trim());
  const names = cells(lines[head]);
  const rows = new Map();
  for (let k = head + 2; lines[k]?.startsWith('|'); k++) {
    const [loss, ...rest] = cells(lines[k]);
    const id = /\[(\w+)\]/.exec(loss)?.[1] ?? loss;
    rows.set(id, Object.fromEntries(rest.map((said, n) => [names[n + 1], said])));
  }
  return rows;
}

function ran(glance, id, column) {
  const said = glance.get(id)?.[column];
  return said === undefined || said === '–' ? '–' : `[${said}](disagreements.md#${id.toLowerCase()})`;
}
