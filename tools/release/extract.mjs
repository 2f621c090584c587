// Runs API Extractor: node extract.mjs task.json. Writes a report for each entry point beside the task, and answer.json.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const { folder, entries } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const modelOf = (name) => path.join(folder, `${name}.api.json`);

const remedies = {
  'ae-forgotten-export': 'export it, or let no public type name it',
  'ae-unresolved-link': 'link what is exported, or write `code`',
};

function configFor({ name, folder: projectFolder, types }) {
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: path.join(projectFolder, 'package.json'),
    configObject: {
      projectFolder,
      mainEntryPointFilePath: path.join(projectFolder, types),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2022',
            lib: ['es2023', 'dom'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: true,
            types: ['node'],
          },
          files: [types],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: folder,
        reportTempFolder: path.join(folder, 'temp'),
      },
      docModel: { enabled: true, apiJsonFilePath: modelOf(name) },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        // Comments are TypeScript's, not TSDoc's: braces and > stand as they are. All that is exported is public.
        tsdocMessageReporting: { default: { logLevel: 'none' } },
        extractorMessageReporting: {
          default: { logLevel: 'warning' },
          'ae-missing-release-tag': { logLevel: 'none' },
          'ae-undocumented': { logLevel: 'none' },
        },
      },
    },
  });
}

function extract({ name, folder: projectFolder, package: owner }, config, compilerState) {
  const problems = [];
  Extractor.invoke(config, {
    localBuild: true,
    compilerState,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel === 'none' || message.category === 'console') return;
      const file = message.sourceFilePath;
      const where = file ? `${path.relative(projectFolder, file)}:${message.sourceFileLine}: ` : '';
      problems.push({
        package: owner,
        message: `${where}${message.text}`,
        remedy: remedies[message.messageId] ?? 'see https://api-extractor.com',
      });
    },
  });
  return [...problems, ...undocumented(JSON.parse(readFileSync(modelOf(name), 'utf8')), owner)];
}

/** What stands without a comment; properties may, where their name and type say all. */
function undocumented(item, owner, above = '') {
  const needs = ['Class', 'Interface', 'Function', 'TypeAlias', 'Variable', 'Enum', 'Method', 'MethodSignature'];
  const name = above && item.name ? `${above}.${item.name}` : (item.name ?? '');
  const members = item.members ?? [];
  const missing =
    needs.includes(item.kind) && !item.docComment
      ? [
          {
            package: owner,
            message: `${name} has no doc comment${item.fileUrlPath ? ` (${item.fileUrlPath})` : ''}`,
            remedy: 'say what it is, with shapes, ranges and errors; or let it not be public',
          },
        ]
      : [];
  // Of overloads and of get beside set, one comment serves all.
  const documented = new Set(members.filter((member) => member.docComment).map((member) => member.name));
  return [
    ...missing,
    ...members
      .filter((member) => member.docComment || !documented.has(member.name))
      .flatMap((member) =>
        undocumented(member, owner, item.kind === 'Package' || item.kind === 'EntryPoint' ? '' : name),
      ),
  ];
}

const configs = entries.map(configFor);
// One program for all: the declarations of core are read once.
const state = CompilerState.create(configs[0], {
  additionalEntryPoints: configs.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
});
const problems = entries.flatMap((entry, k) => extract(entry, configs[k], state));
writeFileSync(path.join(folder, 'answer.json'), JSON.stringify({ problems }));
