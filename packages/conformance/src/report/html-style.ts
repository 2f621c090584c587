/** The report's style sheet: light and dark by the reader's preference, down to a phone's width. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #fbfaf8; --card: #ffffff; --ink: #1d1f24; --soft: #666a73; --line: #e3e1dc; --accent: #2b59c3;
  --pass: #1a7f4b; --pass-ground: 152 48% 42%; --fail: #b3261e; --fail-ground: #fbe3e0; --skip: #8a6100; --skip-ground: #faf0d4;
  --heat: 0.10; --code: #f3f1ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14161a; --card: #1b1e24; --ink: #e8e6e1; --soft: #9a9da6; --line: #2e323b; --accent: #8fb0ff;
    --pass: #6fd3a0; --pass-ground: 152 45% 45%; --fail: #ff9b92; --fail-ground: #47201d; --skip: #e9c46a; --skip-ground: #3b3118;
    --heat: 0.14; --code: #22262e;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .35rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
p { margin: 0 0 .75rem; }
a { color: var(--accent); }
code, .number { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875em; }
.soft { color: var(--soft); }
.verdict { display: inline-block; font-weight: 650; padding: .1rem .6rem; border-radius: 1rem; margin-right: .5rem; }
.verdict.pass { color: var(--pass); background: hsl(var(--pass-ground) / .14); }
.verdict.fail { color: var(--fail); background: var(--fail-ground); }
.totals { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1.5rem 0 0; padding: 0; list-style: none; }
.totals b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.totals span { color: var(--soft); font-size: .875rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .45rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { font-size: .8125rem; font-weight: 600; color: var(--soft); background: var(--card); }
.matrix th[scope=row] { position: sticky; left: 0; background: var(--card); font-weight: 600; z-index: 1; border-right: 1px solid var(--line); }
.matrix thead tr:first-child th:first-child { left: 0; border-right: 1px solid var(--line); }
.matrix thead th { border-left: 1px solid var(--line); }
.tall { max-height: 85vh; overflow: auto; }
.matrix thead th { position: sticky; z-index: 2; height: 1.9rem; padding: .35rem .75rem; } .matrix thead tr:first-child th { top: 0; } .matrix thead tr:last-child th { top: 1.9rem; }
.matrix thead th:first-child[rowspan] { z-index: 3; }
.matrix thead tr:first-child th { color: var(--ink); border-bottom: 0; padding-bottom: 0; }
.matrix tr.family > * { background: var(--ground); padding: .6rem .75rem .25rem; border-left: 0; border-right: 0; font-size: .8125rem; color: var(--soft); font-weight: 600; }
.matrix tbody tr:last-child > * { border-bottom: 1px solid var(--line); } .matrix tbody:last-child tr:last-child > * { border-bottom: 0; }
.matrix td { padding: 0; border-left: 1px solid var(--line); }
.matrix button { all: unset; display: block; box-sizing: border-box; width: 100%; min-width: 6.75rem; padding: .45rem .75rem; cursor: pointer; }
.matrix button:hover { box-shadow: inset 0 0 0 2px var(--accent); }
.matrix button:focus-visible, .matrix button[aria-pressed=true] { box-shadow: inset 0 0 0 2px var(--accent); }
.matrix b { display: block; font-weight: 600; }
.matrix small { display: block; white-space: nowrap; font-size: .75rem; color: var(--soft); }
.pass { color: var(--pass); } .fail, .error { color: var(--fail); } .skipped, .expected { color: var(--skip); }
td.bad { background: var(--fail-ground); } td.some { background: var(--skip-ground); }
td.none { color: var(--soft); text-align: center; vertical-align: middle; font-size: .75rem; }
.key { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; margin: .75rem 0 0; font-size: .8125rem; color: var(--soft); }
.key i { display: inline-block; width: 4.5rem; height: .7rem; border-radius: .2rem; margin-right: .4rem; border: 1px solid var(--line);
  background: linear-gradient(90deg, hsl(var(--pass-ground) / .05), hsl(var(--pass-ground) / .5)); }
.controls { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 .75rem; }
input, select { font: inherit; font-size: .9375rem; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .4rem .6rem; min-width: 0; }
select { max-width: 100%; }
input[type=search] { flex: 1 1 14rem; }
input:focus-visible, select:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.cases { table-layout: fixed; min-width: 46rem; } .cases th:nth-child(1) { width: 12rem; } .cases th:nth-child(3) { width: 7rem; } .cases th:nth-child(4) { width: 11rem; } .cases th:nth-child(5) { width: 6rem; }
.cases td { white-space: normal; overflow-wrap: anywhere; } .cases .number { white-space: nowrap; }
.cases > tbody > tr > td:nth-child(2) { min-width: 14rem; overflow-wrap: anywhere; }
.cases .right { text-align: right; white-space: nowrap; }
.bar { display: inline-block; width: 5rem; height: .5rem; border-radius: .25rem; background: var(--code); overflow: hidden; margin-right: .5rem; vertical-align: baseline; }
.bar i { display: block; height: 100%; background: var(--pass); border-radius: .25rem; } .bar.over i { background: var(--fail); }
.elements { width: auto; margin: .4rem 0 .2rem; font-size: .8125rem; background: var(--code); border-radius: .4rem; }
.elements th, .elements td { padding: .2rem .7rem; white-space: nowrap; border-bottom-color: var(--line); }
.wrap { overflow-x: auto; }
.tag { font-size: .75rem; color: var(--soft); margin-right: .5rem; }
.backends td, .pairs td { white-space: normal; }
.pairs td:last-child { min-width: 18rem; overflow-wrap: anywhere; } .pairs .right { text-align: right; white-space: nowrap; }
.options { font-size: .8125rem; color: var(--soft); }
#empty { padding: 1rem; color: var(--soft); }
@media (max-width: 40rem) {
  main { padding: 1.5rem .9rem 3rem; } h1 { font-size: 1.3rem; }
  th, td { padding: .4rem .55rem; } .bar { width: 2.5rem; } .matrix button { padding: .4rem .55rem; min-width: 6rem; }
  .matrix th[scope=row] { min-width: 7.5rem; max-width: 8.5rem; white-space: normal; overflow-wrap: anywhere; font-size: .85rem; }
  .totals { gap: .5rem 1.25rem; } .totals b { font-size: 1.25rem; }
  .controls select { flex: 1 1 8rem; }
  .cases, .cases > tbody, .cases > tbody > tr, .pairs, .pairs > tbody, .pairs > tbody > tr, .backends, .backends > tbody, .backends > tbody > tr { display: block; }
  .cases { min-width: 0; }
  .cases > thead, .pairs > thead, .backends > thead { display: none; }
  .pairs > tbody > tr, .backends > tbody > tr { padding: .6rem .75rem; border-bottom: 1px solid var(--line); }
  .pairs > tbody > tr > td, .backends > tbody > tr > td { display: block; border: 0; padding: .1rem 0; min-width: 0; }
  .pairs .right { text-align: left; white-space: normal; }
  .pairs td:nth-child(2)::before { content: 'the same: '; color: var(--soft); } .pairs td:nth-child(3)::before { content: 'beyond rounding: '; color: var(--soft); }
  .pairs td:nth-child(4)::before { content: 'largest disagreement, ULP: '; color: var(--soft); }
  .backends .ulps::before { content: 'functions, in ULP: '; color: var(--soft); }
  .cases > tbody > tr { padding: .6rem .75rem; border-bottom: 1px solid var(--line); }
  .cases > tbody > tr > td { display: block; border: 0; padding: .1rem 0; text-align: left; }
  .cases > tbody > tr > td:nth-child(4), .cases > tbody > tr > td:nth-child(5) { display: inline-block; margin-right: 1rem; color: var(--soft); }
  .cases > tbody > tr > td:nth-child(5)::after { content: ' ULP'; }
}
`;
