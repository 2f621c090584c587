import type { ScanBody } from '../ops/attributes.ts';
import { addDims, type Dim, mulDims, termsOfDim } from './dim.ts';
import { type Expr, make } from './expr.ts';
import { isOp, rebuild } from './graph.ts';
import type { TensorType } from './type.ts';

/** What named sizes stand for in another graph. */
export type DimNames = ReadonlyMap<string, Dim>;

/** A size with other names in it. */
export const renameDim = (dim: Dim, name: (old: string) => Dim): Dim =>
  termsOfDim(dim)
    .map(([n, factors]) => factors.map(name).reduce(mulDims, n as Dim))
    .reduce(addDims, 0);

const renamedBy = (names: DimNames) => (dim: Dim) => renameDim(dim, (name) => names.get(name) ?? name);

const renameType = (type: TensorType, names: DimNames): TensorType => ({
  dtype: type.dtype,
  shape: type.shape.map(renamedBy(names)),
});

/** The attributes that hold sizes, renamed. */
function renameAttributes(attributes: object, names: DimNames): object {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => {
      if (key === 'dim' || key === 'start' || key === 'end' || key === 'size') return [key, renamedBy(names)(value)];
      if (key === 'shape') return [key, (value as Dim[]).map(renamedBy(names))];
      if (key === 'type') return [key, renameType(value, names)];
      return [key, value];
    }),
  );
}

/** A graph with other values for its inputs, and with its sizes called what they are called where it goes. */
export function substitute(outputs: readonly Expr[], inputs: ReadonlyMap<Expr, Expr>, names: DimNames): Expr[] {
  return rebuild(outputs, (node, operands) => {
    const given = inputs.get(node);
    if (given !== undefined) return given;
    if (isOp(node, 'scan')) {
      const body = renameBody(node.attributes.body, names);
      return make('scan', operands, { body, reverse: node.attributes.reverse }) as Expr;
    }
    return make(node.op, operands, renameAttributes(node.attributes, names) as never) as Expr;
  });
}

function renameBody(body: ScanBody, names: DimNames): ScanBody {
  const renamed = substitute([...body.inputs, ...body.outputs], new Map(), names);
  return { ...body, inputs: renamed.slice(0, body.inputs.length), outputs: renamed.slice(body.inputs.length) };
}
