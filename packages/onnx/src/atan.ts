import type { GraphBuilder } from './builder.ts';

/** Coefficients of Cephes' atan: a rational approximation on [−0.66, 0.66], good to an ULP of float64. */
const P = [-0.8750608600031904, -16.157537187333652, -75.00855792314705, -122.88666844901361, -64.85021904942025];
const Q = [1, 24.858464901423062, 165.02700983169885, 432.88106049129027, 485.3903996359137, 194.5506571482614];
/** What π/2 as a float64 leaves out. */
const REST = 6.123233995736766e-17;

/** atan: ONNX Runtime has no float64 kernel of it, so there it is composed; the argument is brought into [−0.66, 0.66] first. */
export function atan(x: string, graph: GraphBuilder): string {
  if (graph.elementType('float') !== 'float64') return graph.node('Atan', [x]);
  const number = (value: number) => graph.constant('float', value);
  const size = graph.node('Abs', [x]);
  const far = graph.node('Less', [number(1 + Math.SQRT2), size]);
  const near = graph.node('LessOrEqual', [size, number(0.66)]);
  const middle = graph.node('Div', [graph.node('Sub', [size, number(1)]), graph.node('Add', [size, number(1)])]);
  const choose = (a: string, b: string, c: string) => graph.node('Where', [far, a, graph.node('Where', [near, b, c])]);
  const reduced = choose(graph.node('Div', [number(-1), size]), size, middle);
  const squared = graph.node('Mul', [reduced, reduced]);
  const polynomial = (coefficients: readonly number[]) =>
    coefficients
      .slice(1)
      .reduce((sum, c) => graph.node('Add', [graph.node('Mul', [sum, squared]), number(c)]), number(coefficients[0]!));
  const correction = graph.node('Mul', [squared, graph.node('Div', [polynomial(P), polynomial(Q)])]);
  const series = graph.node('Add', [graph.node('Mul', [reduced, correction]), reduced]);
  const rest = choose(number(REST), number(0), number(REST / 2));
  const turn = choose(number(Math.PI / 2), number(0), number(Math.PI / 4));
  const result = graph.node('Add', [turn, graph.node('Add', [series, rest])]);
  // −0 and NaN are themselves; the sign comes back last.
  const signed = graph.node('Mul', [graph.node('Sign', [x]), result]);
  return graph.node('Where', [
    graph.node('Equal', [x, number(0)]),
    x,
    graph.node('Where', [graph.node('IsNaN', [x]), x, signed]),
  ]);
}
