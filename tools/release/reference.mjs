// Writes the reference of all entry points as Markdown: node reference.mjs task.json, which names the folder and the entries.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Application, Comment, CommentTag, Converter, LogLevel, ReflectionKind } from 'typedoc';

const { folder, entries } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

/** Core has much in one entry point: what it is for is told by the folder that it comes from, the first that fits. */
const groups = {
  'core/src/losses/': 'Losses',
  'core/src/loss/compose': 'Computing',
  'core/src/loss/check': 'Computing',
  'core/src/loss/': 'Defining a loss',
  'core/src/graph/': 'Graphs, for formulas and backends',
  'core/src/ops/': 'Graphs, for formulas and backends',
  'core/src/': 'Computing',
};

const about = `Everything that the packages export, from the comments in their sources, where it is changed: \`pnpm release:check --update-api\` writes these pages.
`;

const application = await Application.bootstrapWithPlugins({
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: entries.map(({ source }) => source),
  tsconfig: path.join(import.meta.dirname, 'tsconfig.reference.json'),
  skipErrorChecking: true,
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  readme: 'none',
  name: 'API reference',
  sort: ['alphabetical'],
  groupOrder: [...Object.values(groups), 'Functions', 'Classes', 'Interfaces', 'Type Aliases', 'Variables', '*'],
  outputFileStrategy: 'modules',
  outputs: [{ name: 'markdown', path: folder }],
  entryFileName: 'README',
  flattenOutputFiles: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  // Numbers that tell equal headings apart are its own, not GitHub's.
  useHTMLAnchors: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeDeclarationFormat: 'table',
  expandParameters: false,
  logLevel: LogLevel.Error,
});
application.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
  if (!reflection.parent?.kindOf(ReflectionKind.Module)) return;
  const file = reflection.project.getSymbolIdFromReflection(reflection)?.fileName.replaceAll('\\', '/') ?? '';
  const group = Object.entries(groups).find(([folder]) => file.includes(folder))?.[1];
  if (group === undefined) return;
  reflection.comment ??= new Comment();
  reflection.comment.blockTags.push(new CommentTag('@group', [{ kind: 'text', text: group }]));
});
// A parameter that is taken apart where it is declared has no name of its own.
application.converter.on(Converter.EVENT_CREATE_PARAMETER, (_, parameter) => {
  if (parameter.name === '__namedParameters') parameter.name = 'options';
});
const project = await application.convert();
if (project === undefined || application.logger.hasErrors()) throw new Error('typedoc could not read the sources');
// Modules are named by the place of their sources: as files by that, for people by what they import.
const specifiers = new Map(entries.map(({ name, specifier }) => [name, specifier]));
for (const module of project.children ?? []) module.name = module.name.replace('/src', '').replaceAll('/', '-');
await application.generateOutputs(project);
for (const file of readdirSync(folder)) {
  const page = path.join(folder, file);
  const text = readFileSync(page, 'utf8')
    .replace(/^# (\S+)$/m, (_, name) => `# ${specifiers.get(name) ?? name}`)
    .replace(/^- \[(\S+)\]/gm, (_, name) => `- [${specifiers.get(name) ?? name}]`)
    .replace(/(?<!\()\bdocs\/losses\/(\w+)\.md/g, '[$1](../losses/$1.md)');
  writeFileSync(page, file === 'README.md' ? `${text.trimEnd()}\n\n${about}` : text);
}
