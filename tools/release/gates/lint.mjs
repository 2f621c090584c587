// publint and attw: how Node, bundlers and TypeScript see a tarball.
import { checkPackage, Package } from '@arethetypeswrong/core';
import { problemAffectsResolutionKind, problemKindInfo } from '@arethetypeswrong/core/problems';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** `publint --strict` of a package as packed. */
export async function publintProblems({ files, rootDir, manifest }) {
  const { messages, pkg } = await publint({ pkgDir: rootDir, pack: { files }, strict: true });
  return messages.map((message) => ({
    package: manifest.name,
    message: `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
    remedy: `see https://publint.dev/rules#${message.code.toLowerCase()}`,
  }));
}

/** ESM only: TypeScript's oldest resolution can't find it, and `require` needs a Node that takes modules. */
const resolutions = ['node16-esm', 'bundler'];

/** What attw (are the types wrong?) says of a package as packed. */
export async function attwProblems({ files, rootDir, manifest }) {
  const inModules = (name) => `/node_modules/${manifest.name}${name.slice(rootDir.length)}`;
  const contents = Object.fromEntries(files.map(({ name, data }) => [inModules(name), data]));
  const analysis = await checkPackage(new Package(contents, manifest.name, manifest.version));
  if (!analysis.types)
    return [{ package: manifest.name, message: 'attw: it has no types', remedy: 'build declarations' }];
  return analysis.problems
    .filter((problem) => resolutions.some((kind) => problemAffectsResolutionKind(problem, kind, analysis)))
    .map(({ kind, entrypoint, resolutionKind, resolutionOption, fileName, moduleSpecifier }) => ({
      package: manifest.name,
      message: `attw: ${problemKindInfo[kind].title}: ${[entrypoint, resolutionKind ?? resolutionOption, fileName, moduleSpecifier].filter(Boolean).join(' ')}`,
      remedy: `see ${problemKindInfo[kind].docsUrl}`,
    }));
}
