import { type CaseResult, type Cell, type ConformanceResult, isBad } from '../result.ts';
import { clean } from '../text.ts';
import { escapeHtml, full, short } from './format.ts';

/** Text in XML 1.0, which has no control characters, not even escaped: they are shown instead. */
const xml = (text: string): string => escapeHtml(clean(text, 2000));

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3);

/** JUnit's XML, as CI services read it: a suite for each loss on each backend in each dtype, a test a case. */
export function junitReport({ cells, backends, totals, milliseconds }: ConformanceResult): string {
  const suites = cells.map(suite);
  const broken = backends.flatMap(({ id, violations = [] }) =>
    violations.map(
      ({ what, count, first }) =>
        `  <testsuite name="${xml(`line protocol on ${id}`)}" tests="1" failures="1" errors="0" skipped="0" time="0">
    <testcase classname="${xml(id)}" name="${xml(what)}" time="0"><failure message="${xml(`${what}: ${count} times, first at ${first}`)}"/></testcase>
  </testsuite>`,
    ),
  );
  const { total, failed, errors, skipped, expectedFailures } = totals;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="isoloss conformance" tests="${total + broken.length}" failures="${failed + broken.length}" errors="${errors}" skipped="${skipped + expectedFailures}" time="${seconds(milliseconds)}">
${[...suites, ...broken].join('\n')}
</testsuites>
`;
}

function suite({
  loss,
  backend,
  dtype,
  total,
  failed,
  errors,
  skipped,
  expectedFailures,
  milliseconds,
  cases,
}: Cell): string {
  const name = `${loss} on ${backend} in ${dtype}`;
  const each = total === 0 ? 0 : milliseconds / total;
  return `  <testsuite name="${xml(name)}" tests="${total}" failures="${failed}" errors="${errors}" skipped="${skipped + expectedFailures}" time="${seconds(milliseconds)}">
${cases.map((result) => testCase(result, `${backend}.${dtype}.${loss}`, each)).join('\n')}
  </testsuite>`;
}

function testCase(result: CaseResult, group: string, milliseconds: number): string {
  const { id, comment, outcome, reason = '', expectedFailure } = result;
  const open = `    <testcase classname="${xml(group)}" name="${xml(comment === undefined ? id : `${id} ${comment}`)}" time="${seconds(milliseconds)}"`;
  if (outcome === 'pass') return `${open}/>`;
  const inner = isBad(result)
    ? `<${outcome === 'fail' ? 'failure' : 'error'} message="${xml(reason)}">${numbers(result)}</${outcome === 'fail' ? 'failure' : 'error'}>`
    : `<skipped message="${xml(expectedFailure === undefined ? reason : `fails as expected: ${expectedFailure.reason}`)}"/>`;
  return `${open}>${inner}</testcase>`;
}

const numbers = ({ failures = [] }: CaseResult): string =>
  xml(
    failures
      .map(
        ({ output, index, got, exact, error, allowed }) =>
          `${output}[${index}] got ${full(got)}, exact ${full(exact)}, error ${short(error)}, bound ${short(allowed)}`,
      )
      .join('; '),
  );
