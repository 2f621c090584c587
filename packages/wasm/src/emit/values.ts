import { addDims, type Dim, mulDims } from '@isoloss/core';
import { type Code, type I32, i32, type Local, type V128, type Value } from '../assembler/index.ts';
import type { Buffer, Coordinate, Lane, Load, Term, Variable } from '../compile/ir.ts';
import { type Kernel, tileLength } from '../compile/nests.ts';
import type { Lanes, Storage } from './lanes.ts';

/** What a kernel is told in a run: where its buffers are, and products of sizes. */
export type Parameter =
  | { readonly kind: 'pointer'; readonly buffer: Buffer }
  | { readonly kind: 'size'; readonly dim: Dim; readonly scale: number };

interface Scope {
  /** Where values of this level are computed. */
  code: Code;
  readonly values: Map<number, V128>;
  readonly addresses: Map<string, I32>;
}

/** Where a vector of a loop stands: unrolled loops have several vectors a turn, and the last may be partial. */
interface Place {
  readonly counter: Local<'i32'>;
  readonly end: I32;
  readonly copy: number;
  readonly partial: boolean;
}

/** Writes values and addresses within nested loops: each at the outermost level where all that it depends on is known. */
export class ValueWriter {
  readonly parameters: Parameter[] = [];
  protected readonly kernel: Kernel;
  protected readonly lanes: Lanes;
  protected readonly storageOf: (buffer: Buffer) => Storage;
  private readonly known = new Map<string, I32>();
  protected readonly scopes: Scope[] = [];
  protected readonly levels = new Map<Variable, number>();
  protected readonly counters = new Map<Variable, I32>();
  protected readonly registers = new Map<number, V128>();
  private readonly entry: Code;
  private readonly argumentsAt: I32;
  /** The variable of the loop that runs in vectors, inside of it. */
  protected simd: Variable | undefined;
  protected place: Place | undefined;
  protected tileStart: I32 | undefined;

  constructor(kernel: Kernel, lanes: Lanes, storageOf: (buffer: Buffer) => Storage, code: Code, argumentsAt: I32) {
    this.kernel = kernel;
    this.lanes = lanes;
    this.storageOf = storageOf;
    this.entry = code.section();
    this.argumentsAt = argumentsAt;
  }

  // Scopes

  protected within(code: Code, body: (code: Code) => void): void {
    this.scopes.push({ code: code.section(), values: new Map(), addresses: new Map() });
    body(code);
    this.scopes.pop();
  }

  /** Declares a loop variable, whose level is that of the scope opened next. */
  protected enter(variable: Variable, counter: I32): void {
    this.levels.set(variable, this.scopes.length);
    this.counters.set(variable, counter);
  }

  protected levelOf(variables: Iterable<Variable>): number {
    let level = 0;
    for (const variable of variables) level = Math.max(level, this.levels.get(variable)!);
    return level;
  }

  protected get here(): Scope {
    return this.scopes.at(-1)!;
  }

  protected parameter(key: string, parameter: Parameter): I32 {
    let local = this.known.get(key);
    if (local === undefined) {
      local = this.entry.let(i32.load(this.argumentsAt, 4 * (this.parameters.push(parameter) - 1)));
      this.known.set(key, local);
    }
    return local;
  }

  protected size(dim: Dim, scale = 1): I32 {
    return typeof dim === 'number'
      ? i32.const(dim * scale)
      : this.parameter(`${dim} ${scale}`, { kind: 'size', dim, scale });
  }

  // Addresses

  /**
   * The address of an access without what varies along the vectors, and how that goes: `step` elements a position
   * (undefined: not at all), and by which indices.
   */
  protected addressOf(
    buffer: Buffer,
    terms: readonly Term[],
    tiled?: Variable,
  ): { address: I32; step: Dim | undefined; indirect: { index: Lane; size: Dim; stride: Dim }[] } {
    const size = this.lanes.bytes[this.storageOf(buffer)];
    const { tile } = this.kernel.group;
    const coefficients = new Map<Variable, Dim>();
    const indirect: { index: Lane; size: Dim; stride: Dim }[] = [];
    const uniform: { index: Lane; size: Dim; stride: Dim }[] = [];
    let offset: Dim = 0;
    for (const { at, stride } of terms) {
      if (at.kind === 'indirect') {
        const varies = this.simd !== undefined && at.index.variables.has(this.simd);
        (varies ? indirect : uniform).push({ index: at.index, size: at.size, stride });
        continue;
      }
      if (at.offset !== 0) offset = addDims(offset, mulDims(at.offset, stride));
      if (at.variable !== null) {
        const signed = at.reversed ? mulDims(stride, -1) : stride;
        coefficients.set(at.variable, addDims(coefficients.get(at.variable) ?? 0, signed));
      }
    }
    // Scratch of a tiled kernel holds one tile.
    const inTile = tile && this.kernel.scratch.has(buffer);
    let level = inTile ? this.levels.get(-1)! : 0;
    let key = `${buffer.id}+${offset}`;
    let address = this.addressIn(level, key, () => {
      const pointer = this.parameter(`buffer ${buffer.id}`, { kind: 'pointer', buffer });
      const base = offset === 0 ? pointer : i32.add(pointer, this.size(offset, size));
      return inTile ? i32.sub(base, i32.mul(this.tileStart!, i32.const(size))) : base;
    });
    let step: Dim | undefined;
    const byLevel = [...coefficients].sort(([a], [b]) => (this.levels.get(a) ?? 99) - (this.levels.get(b) ?? 99));
    for (const [variable, stride] of byLevel) {
      if (variable === tiled) {
        // One entry a tile.
        const tileIndex = i32.div_s(this.tileStart!, this.size(tileLength));
        address = this.here.code.let(i32.add(address, i32.mul(tileIndex, this.size(stride, size))));
        continue;
      }
      if (variable === this.simd) {
        step = stride;
        continue;
      }
      level = Math.max(level, this.levels.get(variable)!);
      key += `|${variable}*${stride}`;
      const before = address;
      address = this.addressIn(level, key, () =>
        i32.add(before, i32.mul(this.counters.get(variable)!, this.size(stride, size))),
      );
    }
    for (const { index, size: limit, stride } of uniform) {
      level = Math.max(level, this.levelOf(index.variables));
      key += `|@${index.id}*${stride}`;
      const before = address;
      address = this.addressIn(level, key, (code) =>
        i32.add(
          before,
          i32.mul(this.clamped(code, this.lanes.index(this.emit(index), 0), limit), this.size(stride, size)),
        ),
      );
    }
    return { address, step, indirect };
  }

  /** An index within its axis: a lane beyond the end of a loop may hold anything. */
  protected clamped(code: Code, index: I32, size: Dim): I32 {
    const own = code.let(index);
    const last = code.let(i32.sub(this.size(size), i32.const(1)));
    const high = code.let(i32.select(last, own, i32.gt_s(own, last)));
    return i32.select(i32.const(0), high, i32.lt_s(high, i32.const(0)));
  }

  protected addressIn(level: number, key: string, make: (code: Code) => I32): I32 {
    const scope = this.scopes[level]!;
    let address = scope.addresses.get(key);
    if (address === undefined) {
      address = scope.code.let(make(scope.code));
      scope.addresses.set(key, address);
    }
    return address;
  }

  /** An address moved by the position of the vector. */
  protected advanced(address: Value<'i32'>, size: number): I32 {
    const { counter } = this.place!;
    const { addresses, code } = this.here;
    const key = `position*${size}`;
    let bytes = addresses.get(key);
    if (bytes === undefined) {
      bytes = size === 1 ? counter : code.let(i32.mul(counter, i32.const(size)));
      addresses.set(key, bytes);
    }
    const sumKey = `${(address as Local<'i32'>).index}+${key}`;
    let sum = addresses.get(sumKey);
    if (sum === undefined) {
      sum = code.let(i32.add(address, bytes));
      addresses.set(sumKey, sum);
    }
    return sum;
  }

  /** The position of a lane, within the loop. */
  protected positionOf(lane: number): I32 {
    const { counter, copy, partial, end } = this.place!;
    const position = i32.add(counter, i32.const(copy * this.lanes.count + lane));
    if (!partial || lane === 0) return position;
    const { code } = this.here;
    const own = code.let(position);
    const last = code.let(i32.sub(end, i32.const(1)));
    return i32.select(own, last, i32.lt_s(own, last));
  }

  protected stepOf(step: Dim | undefined, size: number): I32 {
    return step === undefined ? i32.const(0) : this.size(step, size);
  }

  // Values

  protected read(buffer: Buffer, terms: readonly Term[]): V128 {
    const storage = this.storageOf(buffer);
    const size = this.lanes.bytes[storage];
    const { address, step, indirect } = this.addressOf(buffer, terms);
    if (indirect.length === 0 && step === undefined) return this.lanes.loadSplat(storage, address);
    const { copy } = this.place!;
    if (indirect.length === 0 && step === 1)
      return this.lanes.load(storage, this.advanced(address, size), copy * this.lanes.count * size);
    const { code } = this.here;
    const indices = indirect.map(({ index, size: limit, stride }) => ({ index: this.emit(index), limit, stride }));
    let vector: V128 | undefined;
    for (let lane = 0; lane < this.lanes.count; lane++) {
      let at: I32 = address;
      if (step !== undefined) at = i32.add(at, i32.mul(this.positionOf(lane), this.stepOf(step, size)));
      for (const { index, limit, stride } of indices)
        at = i32.add(at, i32.mul(this.clamped(code, this.lanes.index(index, lane), limit), this.size(stride, size)));
      vector = code.let(
        vector === undefined ? this.lanes.loadSplat(storage, at) : this.lanes.loadLane(storage, at, vector, lane),
      );
    }
    return vector!;
  }

  protected position(at: Coordinate): V128 {
    if (at.kind === 'indirect') return this.emit(at.index);
    const offset = this.size(at.offset);
    if (at.variable === null) return this.lanes.splat(offset);
    const counter = this.counters.get(at.variable)!;
    if (at.variable !== this.simd)
      return this.lanes.splat(at.reversed ? i32.sub(offset, counter) : i32.add(counter, offset));
    const { code } = this.here;
    const start = i32.add(counter, i32.const(this.place!.copy * this.lanes.count));
    const int = 'int' as const;
    return at.reversed
      ? this.lanes.op(code, 'sub', int, int, [this.lanes.splat(i32.sub(offset, start)), this.lanes.ramp], {})
      : this.lanes.add(this.lanes.splat(i32.add(start, offset)), this.lanes.ramp, int);
  }

  /** The value of a lane: computed at the outermost level where all that it depends on is known. */
  protected emit(lane: Lane): V128 {
    if (lane.kind === 'constant') return this.lanes.constant(lane.value, lane.type);
    if (lane.kind === 'load') {
      const register = this.registers.get(lane.buffer.id);
      if (register !== undefined) return register;
    }
    const level = this.levelOf(lane.variables);
    const scope = this.scopes[level]!;
    const known = scope.values.get(lane.id);
    if (known !== undefined) return known;
    const value = this.inScope(level, () => this.compute(lane, scope));
    const local = scope.code.let(value);
    scope.values.set(lane.id, local);
    return local;
  }

  protected compute(lane: Exclude<Lane, { kind: 'constant' }>, scope: Scope): V128 {
    if (lane.kind === 'size') return this.lanes.splat(this.size(lane.dim));
    if (lane.kind === 'position') return this.position(lane.at);
    if (lane.kind === 'load') return this.read(lane.buffer, (lane as Load).terms);
    const operands = lane.inputs.map((input) => this.emit(input));
    // Of a choice, the type of what is chosen.
    const operandType = lane.inputs[lane.op === 'where' ? 1 : 0]!.type;
    return this.lanes.op(scope.code, lane.op, lane.type, operandType, operands, lane.attributes);
  }

  /** Computes as if the scope were the innermost: what belongs to an outer loop must not see the vectors. */
  protected inScope<T>(level: number, compute: () => T): T {
    if (level === this.scopes.length - 1) return compute();
    const inner = this.scopes.splice(level + 1);
    const { simd } = this;
    if (simd !== undefined && this.levels.get(simd)! > level) this.simd = undefined;
    const result = compute();
    this.scopes.push(...inner);
    this.simd = simd;
    return result;
  }
}
