/**
 * What needs no Node: vectors that the caller has fetched, the runner, the judge and the reports, for a page or a worker.
 *
 * @module
 */
export * from './compare.ts';
export { type CaseChange, type CaseState, diffReports, type NumberChange, type ReportDiff } from './diff.ts';
export {
  type Difference,
  type Disagreement,
  type DisagreementCase,
  type Disagreements,
  findDisagreements,
  type LibraryCase,
  type LibraryLoss,
  type LossDisagreements,
} from './disagreements.ts';
export * from './error-bound.ts';
export { type Accuracy, nativeAccuracy } from './error-rules.ts';
export {
  type Expectation,
  type ExpectationsFile,
  type ExpectationsUpdate,
  formatExpectations,
  matches,
  parseExpectations,
  updateExpectations,
} from './expectations.ts';
export { type FloatFormat, formats, ulpOf } from './float.ts';
export type { Verdict } from './judge.ts';
export { type Mutant, type MutantResult, mutants, runMutant } from './mutants.ts';
export { type OpCase, type OpResult, opCases, opSuite } from './op-suite.ts';
export { type Pair, type PairElement, type PairSummary, summarizePairs, ulpsApart } from './pairs.ts';
export { type Badge, badges } from './report/badge.ts';
export {
  type Certificate,
  type CertificateBackend,
  type CertificateCell,
  type CertificateOrigin,
  type CertificatePlace,
  certificateOf,
} from './report/certificate.ts';
export { diffInWords } from './report/diff.ts';
export { disagreementsHtml } from './report/disagreements-html.ts';
export { disagreementsMarkdown } from './report/disagreements-markdown.ts';
export { htmlReport } from './report/html.ts';
export { jsonReport, parseReport } from './report/json.ts';
export { junitReport } from './report/junit.ts';
export { markdownReport } from './report/markdown.ts';
export * from './result.ts';
export { type ConformanceRequest, cellOf, type Progress, runConformance } from './runner.ts';
export { type Call, calls } from './search/draw.ts';
export { type Finding, type SearchRequest, type SearchResult, search } from './search/search.ts';
export * from './stability.ts';
export { type StabilityException, stabilityExceptions } from './stability-exceptions.ts';
export {
  type Skip,
  type Subject,
  type SubjectAnswer,
  type SubjectRequest,
  subjectOf,
  type Violation,
} from './subject.ts';
export * from './tensor-json.ts';
export { clean, safeLink } from './text.ts';
export * from './vectors.ts';
