// A case: a loss with options, and inputs that are fit for it.
import { catalogue, describeLoss, lossFromJSON } from '@isoloss/core';
import { defaultSizes, overrides, trained, valuesOfKind } from './catalogue.mjs';
import { randomFrom, seedOf, sizeOf } from './values.mjs';

/** Elements at which the reference, which takes about 10 ns for each of them and each operation, is still quick. */
const referenceLimit = 1e5;

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array };

/** `N T U+1 C` as numbers. */
function shapeFrom(pattern, sizes) {
  const first = pattern.split('|')[0].trim();
  if (first === '') return [];
  const tokens = first.split(' ');
  const axes = tokens.flatMap((token) => {
    if (token === '...') return sizes['...'];
    if (token === '@C') return [];
    if (/^\d+$/.test(token)) return [Number(token)];
    const [name, more = '0'] = token.split('+');
    if (sizes[name] === undefined) throw new Error(`no size for ${name} of ${JSON.stringify(pattern)}`);
    return [sizes[name] + Number(more)];
  });
  // Classes stand on axis 1, the default of `classAxis`.
  if (tokens.includes('@C')) axes.splice(1, 0, sizes.C);
  return axes;
}

/** 1e6 for a million. */
const sizeLabel = (n) => (Number.isInteger(Math.log10(n)) ? `1e${Math.log10(n)}` : String(n));

/**
 * Makes a case.
 * @param {{ loss: string, n?: number, dtype: 'float32' | 'float64', label?: string, options?: object, sizes?: object,
 *   values?: object, small?: object }} request
 *   `sizes` and `values` win over the catalogue's; `small` are the sizes of the same case for the reference
 */
export function makeCase({ loss: id, n, dtype, label, options, sizes: given, values = {}, small }) {
  const definition = catalogue.get(id);
  if (definition === undefined) throw new Error(`there is no loss ${JSON.stringify(id)}`);
  const override = overrides[id] ?? {};
  const loss = lossFromJSON(id, { ...override.options, ...options });
  const specs = Object.entries(definition.inputs)
    .filter(([, spec]) => !spec.optional)
    .map(([name, spec]) => ({ ...spec, name }));
  const sizes = given ?? override.sizes?.(n) ?? defaultSizes(specs, n);
  const inputs = {};
  for (const spec of specs) {
    const shape = shapeFrom(spec.shape, sizes);
    const whole = spec.kind === 'index' || spec.kind === 'length';
    const data = new arrays[whole ? 'int32' : dtype](sizeOf(shape));
    const own = values[spec.name] ?? override.values?.[spec.name];
    // A generator that needs the sizes is a function of two parameters that gives one.
    const fill = own === undefined ? valuesOfKind[spec.kind](spec, sizes) : own.length === 2 ? own(spec, sizes) : own;
    fill(data, shape, randomFrom(seedOf(`${id} ${spec.name}`)));
    inputs[spec.name] = { dtype: whole ? 'int32' : dtype, shape, data };
  }
  const differentiable = describeLoss(definition).inputs.filter((input) => input.differentiable && !input.optional);
  const gradients =
    override.gradients ?? differentiable.map(({ name }) => name).filter((name) => trained(name) && name in inputs);
  const bytesOf = (names) => names.reduce((sum, name) => sum + inputs[name].data.byteLength, 0);
  const elements = Math.max(...Object.values(inputs).map(({ data }) => data.length));
  const read = bytesOf(Object.keys(inputs));
  const limit = override.reference ?? referenceLimit;
  return {
    id: `${id} ${label ?? sizeLabel(n)}`,
    loss,
    dtype,
    inputs,
    gradients,
    elements,
    sizes,
    /** What a perfect implementation reads and writes. */
    bytes: { forward: read, gradient: read + bytesOf(gradients) },
    /** The same at a size at which the reference is quick; undefined where it already is. */
    small:
      Math.max(elements, n ?? 0) <= limit
        ? undefined
        : () =>
            makeCase({ loss: id, n: limit, dtype, options, values, label: 'small', ...(small && { sizes: small }) }),
    /** How far others may differ from us, where that is not the usual. */
    ...(override.tolerance !== undefined && dtype === 'float32' && { tolerance: override.tolerance }),
  };
}
