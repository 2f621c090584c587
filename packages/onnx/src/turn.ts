import type { GraphBuilder } from './builder.ts';

/** π/2 in parts, of which small multiples are exact (fdlibm). */
const quarter = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21];

/**
 * sin and cos. ONNX Runtime's float64 kernels lose digits by every zero of the function but 0 (thousands of ULP), so there the
 * argument is brought into [−π/4, π/4] first, where they are good; up to some 10⁵.
 */
const turned =
  (op: 'Sin' | 'Cos') =>
  (x: string, graph: GraphBuilder): string => {
    if (graph.elementType('float') !== 'float64') return graph.node(op, [x]);
    const number = (value: number) => graph.constant('float', value);
    const whole = (value: string) => graph.node('Floor', [value]);
    const turns = whole(graph.node('Add', [graph.node('Mul', [x, number(2 / Math.PI)]), number(0.5)]));
    const angle = quarter.reduce(
      (left, part) => graph.node('Sub', [left, graph.node('Mul', [turns, number(part)])]),
      x,
    );
    // sin x is sin, cos, −sin, −cos of the angle in turn; cos x is a quarter ahead.
    const phase = op === 'Sin' ? turns : graph.node('Add', [turns, number(1)]);
    const modulo = (n: number) =>
      graph.node('Sub', [phase, graph.node('Mul', [whole(graph.node('Mul', [phase, number(1 / n)])), number(n)])]);
    const odd = graph.node('Equal', [modulo(2), number(1)]);
    const size = graph.node('Where', [odd, graph.node('Cos', [angle]), graph.node('Sin', [angle])]);
    return graph.node('Where', [graph.node('Less', [modulo(4), number(2)]), size, graph.node('Neg', [size])]);
  };
export const sin = turned('Sin');
export const cos = turned('Cos');
