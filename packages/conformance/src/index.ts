export * from './browser.ts';
export { killImplementations } from './implementation/child.ts';
export { implementationSubject, introduce, type KnownImplementation } from './implementation/client.ts';
export { type ImplementationSpec, parseSpec, readSpec, specFromCommand } from './implementation/spec.ts';
export { escapeMarkdown } from './report/format.ts';
export { type TerminalOptions, terminalReport } from './report/terminal.ts';
export {
  type BackendTest,
  type BackendTestOptions,
  backendTests,
  type TestFramework,
  testBackend,
} from './test-backend.ts';
export { type LossTestOptions, testLosses } from './test-losses.ts';
export * from './vector-files.ts';
