import { addDims, type Dim, mulDims } from '@isoloss/core';
import { type Code, type I32, i32, type Local, type V128, type Value, v128 } from '../assembler/index.ts';
import {
  type Buffer,
  type Coordinate,
  costOf,
  type Lane,
  type Load,
  lanesOf,
  type Term,
  type Variable,
} from '../compile/ir.ts';
import { type Kernel, type Nest, type Placed, tileLength } from '../compile/nests.ts';
import type { Lanes, Storage } from './lanes.ts';

/** What a kernel is told in a run: where its buffers are, and products of sizes. */
export type Parameter =
  | { readonly kind: 'pointer'; readonly buffer: Buffer }
  | { readonly kind: 'size'; readonly dim: Dim; readonly scale: number };

/** Vectors that one accumulator adds up before it is added to the total: rounding errors grow with it. */
const block = 256;

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

/** Writes the loops of a kernel: `(arguments, begin, end)`, the last two over its outermost shared loop. */
export class KernelWriter {
  readonly parameters: Parameter[] = [];
  private readonly kernel: Kernel;
  private readonly lanes: Lanes;
  private readonly storageOf: (buffer: Buffer) => Storage;
  private readonly known = new Map<string, I32>();
  private readonly scopes: Scope[] = [];
  private readonly levels = new Map<Variable, number>();
  private readonly counters = new Map<Variable, I32>();
  private readonly registers = new Map<number, V128>();
  private readonly entry: Code;
  private readonly argumentsAt: I32;
  private simd: Variable | undefined;
  private place: Place | undefined;
  private tileStart: I32 | undefined;

  constructor(kernel: Kernel, lanes: Lanes, storageOf: (buffer: Buffer) => Storage, code: Code, argumentsAt: I32) {
    this.kernel = kernel;
    this.lanes = lanes;
    this.storageOf = storageOf;
    this.entry = code.section();
    this.argumentsAt = argumentsAt;
  }

  write(code: Code, begin: I32, end: I32): void {
    const { prefix, tile } = this.kernel.group;
    const sizes = this.kernel.group.roots[0]!.domain;
    const loops = (outer: Code, variable: number): void => {
      this.within(outer, (scoped) => {
        if (variable < prefix) {
          const counter = scoped.let(variable === 0 ? begin : i32.const(0));
          const limit = variable === 0 ? end : this.size(sizes[variable]!);
          scoped.countTo(counter, limit, 1, (inner) => {
            this.enter(variable, counter);
            loops(inner, variable + 1);
          });
        } else if (tile) this.tiles(scoped, prefix === 0 ? begin : undefined, prefix === 0 ? end : undefined);
        else for (const nest of this.kernel.nests) this.nest(scoped, nest);
      });
    };
    loops(code, 0);
  }

  // Scopes

  private within(code: Code, body: (code: Code) => void): void {
    this.scopes.push({ code: code.section(), values: new Map(), addresses: new Map() });
    body(code);
    this.scopes.pop();
  }

  /** Declares a loop variable, whose level is that of the scope opened next. */
  private enter(variable: Variable, counter: I32): void {
    this.levels.set(variable, this.scopes.length);
    this.counters.set(variable, counter);
  }

  private levelOf(variables: Iterable<Variable>): number {
    let level = 0;
    for (const variable of variables) level = Math.max(level, this.levels.get(variable)!);
    return level;
  }

  private get here(): Scope {
    return this.scopes.at(-1)!;
  }

  private parameter(key: string, parameter: Parameter): I32 {
    let local = this.known.get(key);
    if (local === undefined) {
      local = this.entry.let(i32.load(this.argumentsAt, 4 * (this.parameters.push(parameter) - 1)));
      this.known.set(key, local);
    }
    return local;
  }

  private size(dim: Dim, scale = 1): I32 {
    return typeof dim === 'number'
      ? i32.const(dim * scale)
      : this.parameter(`${dim} ${scale}`, { kind: 'size', dim, scale });
  }

  // Loops

  private tiles(code: Code, begin: I32 | undefined, end: I32 | undefined): void {
    const sizes = this.kernel.group.roots[0]!.domain;
    const start = code.let(begin ?? i32.const(0));
    const limit = end ?? this.size(sizes.at(-1)!);
    code.countTo(start, limit, this.size(tileLength), (inner) => {
      const stop = inner.let(i32.add(start, this.size(tileLength)));
      const clipped = inner.let(i32.select(limit, stop, i32.gt_s(stop, limit)));
      this.tileStart = start;
      // Scratch of a tile begins where the tile does.
      this.levels.set(-1, this.scopes.length);
      this.within(inner, (scoped) => {
        for (const nest of this.kernel.nests) this.nest(scoped, nest, start, clipped);
      });
    });
  }

  private nest(code: Code, nest: Nest, tileStart?: I32, tileEnd?: I32): void {
    const { prefix } = this.kernel.group;
    const tiled = tileStart !== undefined;
    // What this nest hoists may need what the nests before it have made.
    this.here.code = code.section();
    if (!tiled && nest.own.length === 0) {
      for (const placed of nest.roots) this.keep(code, placed, this.emit(placed.value));
      return;
    }
    const simd = prefix + nest.own.length - (tiled ? 0 : 1);
    const outer = tiled ? nest.own : nest.own.slice(0, -1);
    const from = tileStart ?? i32.const(0);
    const to = tileEnd ?? this.size(nest.own.at(-1)!);
    for (const placed of nest.roots) {
      const { reduce } = placed.root;
      if (reduce !== undefined && !this.inRegister(placed, simd)) this.clear(code, placed, outer, simd, from, to);
    }
    const loops = (at: Code, k: number): void => {
      this.within(at, (scoped) => {
        if (k === outer.length) {
          this.vectors(scoped, nest, simd, from, to);
          return;
        }
        const counter = scoped.let(i32.const(0));
        scoped.countTo(counter, this.size(outer[k]!), 1, (inner) => {
          this.enter(prefix + k, counter);
          loops(inner, k + 1);
        });
      });
    };
    loops(code, 0);
  }

  /** Whether a reduction is over the loop that runs in vectors, so that it accumulates in registers. */
  private inRegister({ root }: Placed, simd: Variable): boolean {
    return root.tiles !== undefined || root.reduce?.variables.includes(simd) === true;
  }

  /** Sets what a reduction accumulates in memory to its neutral element. */
  private clear(code: Code, placed: Placed, outer: readonly Dim[], simd: Variable, from: I32, to: I32): void {
    const { prefix } = this.kernel.group;
    const { reduce } = placed.root;
    const neutral = this.neutral(placed);
    const loops = (at: Code, k: number): void => {
      this.within(at, (scoped) => {
        if (k === outer.length) {
          this.loop(scoped, simd, from, to, 4, (inner) => this.storeVector(inner, placed, neutral));
          return;
        }
        if (reduce!.variables.includes(prefix + k)) {
          loops(scoped, k + 1);
          return;
        }
        const counter = scoped.let(i32.const(0));
        scoped.countTo(counter, this.size(outer[k]!), 1, (inner) => {
          this.enter(prefix + k, counter);
          loops(inner, k + 1);
        });
      });
    };
    loops(code, 0);
  }

  private neutral({ root, value }: Placed): V128 {
    return this.lanes.constant(root.reduce!.op === 'max' ? -Infinity : 0, value.type);
  }

  private combine({ root, value }: Placed): (a: V128, b: V128) => V128 {
    return root.reduce!.op === 'max' ? (a, b) => this.lanes.max(a, b) : (a, b) => this.lanes.add(a, b, value.type);
  }

  /** The innermost loop of a nest, and what it accumulates in registers. */
  private vectors(code: Code, nest: Nest, simd: Variable, from: I32, to: I32): void {
    const cost = lanesOf(nest.roots.map(({ value }) => value)).reduce(
      (total, lane) => total + (lane.kind === 'op' ? costOf[lane.op] : 1),
      0,
    );
    const unroll = cost <= 32 ? 4 : cost <= 100 ? 2 : 1;
    const reduced = nest.roots.filter((placed) => placed.root.reduce !== undefined && this.inRegister(placed, simd));
    const sums = reduced.some(({ root }) => root.reduce!.op === 'sum' && root.tiles === undefined);
    const accumulators = new Map(
      reduced.map((placed) => [placed, Array.from({ length: unroll }, () => code.variable('v128'))]),
    );
    const totals = new Map(reduced.map((placed) => [placed, code.let(this.neutral(placed))]));
    const stretch = (at: Code, start: I32, end: I32): void => {
      for (const [placed, list] of accumulators) for (const local of list) at.set(local, this.neutral(placed));
      this.loop(at, simd, start, end, unroll, (inner) => {
        for (const placed of nest.roots) this.element(inner, placed, accumulators.get(placed));
      });
      for (const [placed, list] of accumulators) {
        const combine = this.combine(placed);
        let pending: V128[] = list;
        // Pairwise, in a fixed order.
        while (pending.length > 1)
          pending = pending.flatMap((x, k) => (k % 2 === 0 ? [combine(x, pending[k + 1]!)] : []));
        const total = totals.get(placed)!;
        at.set(total, combine(total, pending[0]!));
      }
    };
    if (sums) {
      const start = code.let(from);
      code.countTo(start, to, block * this.lanes.count * unroll, (inner) => {
        const stop = inner.let(i32.add(start, i32.const(block * this.lanes.count * unroll)));
        stretch(inner, start, inner.let(i32.select(to, stop, i32.gt_s(stop, to))));
      });
    } else stretch(code, from, to);
    for (const placed of reduced)
      this.keep(code, placed, code.let(this.lanes.fold(code, totals.get(placed)!, this.combine(placed))));
  }

  /** Vectors from `from` to `to`: `unroll` at a time, then one, then what is left of one. */
  private loop(code: Code, simd: Variable, from: I32, to: I32, unroll: number, body: (code: Code) => void): void {
    const { count } = this.lanes;
    const counter = code.let(from);
    this.simd = simd;
    this.levels.set(simd, this.scopes.length);
    this.counters.set(simd, counter);
    const turn = (at: Code, copies: number, partial: boolean): void => {
      const addresses = new Map<string, I32>();
      for (let copy = 0; copy < copies; copy++) {
        this.scopes.push({ code: at, values: new Map(), addresses });
        this.place = { counter, end: to, copy, partial };
        body(at);
        this.scopes.pop();
      }
      this.place = undefined;
    };
    for (const copies of unroll > 1 ? [unroll, 1] : [1]) {
      const room = code.let(i32.sub(to, i32.const(count * copies)));
      code.while(i32.le_s(counter, room), (inner) => {
        turn(inner, copies, false);
        inner.set(counter, i32.add(counter, i32.const(count * copies)));
      });
    }
    code.if(i32.lt_s(counter, to), (inner) => turn(inner, 1, true));
    this.simd = undefined;
  }

  private element(code: Code, placed: Placed, accumulators: Local<'v128'>[] | undefined): void {
    const { root } = placed;
    const place = this.place!;
    const value = this.emit(placed.value);
    if (accumulators !== undefined) {
      const local = accumulators[place.copy]!;
      const combine = this.combine(placed);
      const counted = place.partial ? v128.bitselect(value, this.neutral(placed), this.inside()) : value;
      code.set(local, combine(local, counted));
    } else if (root.reduce !== undefined) {
      const { buffer } = root;
      const before = this.read(buffer, placed.store);
      this.storeVector(code, placed, code.let(this.combine(placed)(before, value)));
    } else if (root.scatter) this.scatter(code, placed, value);
    else if (placed.keep === 'memory') this.storeVector(code, placed, value);
  }

  /** A mask of the lanes of a partial vector. */
  private inside(): V128 {
    const { counter, end } = this.place!;
    return this.lanes.first(i32.sub(end, counter));
  }

  // Results

  /** Keeps a number that all lanes hold. */
  private keep(code: Code, placed: Placed, value: V128): void {
    const { root, keep } = placed;
    if (keep === 'none') return;
    const local = code.let(value);
    if (!this.kernel.group.tile && placed.store.every(({ at }) => this.isPrefix(at)))
      this.registers.set(root.buffer.id, local);
    if (keep !== 'memory') return;
    const storage = this.storageOf(root.buffer);
    const { address } = this.addressOf(
      root.buffer,
      placed.store,
      root.tiles === undefined ? undefined : root.domain.length - 1,
    );
    this.lanes.storeLane(code, storage, address, local, 0);
  }

  private isPrefix(at: Coordinate): boolean {
    return at.kind === 'affine' && at.variable !== null && at.variable < this.kernel.group.prefix;
  }

  private storeVector(code: Code, placed: Placed, value: V128): void {
    const { buffer } = placed.root;
    const storage = this.storageOf(buffer);
    const { address, step } = this.addressOf(buffer, placed.store);
    const { counter, end, copy, partial } = this.place!;
    const { count, bytes } = this.lanes;
    const size = bytes[storage];
    if (step === 1) {
      const at = this.advanced(address, size);
      if (!partial) {
        this.lanes.store(code, storage, at, value, copy * count * size);
        return;
      }
      const vector = code.let(value);
      const left = code.let(i32.sub(end, counter));
      for (let lane = 0; lane < count; lane++) {
        const place = i32.add(at, i32.const(lane * size));
        if (lane === 0) this.lanes.storeLane(code, storage, place, vector, lane);
        else
          code.if(i32.gt_s(left, i32.const(lane)), (inner) =>
            this.lanes.storeLane(inner, storage, place, vector, lane),
          );
      }
      return;
    }
    const vector = code.let(value);
    this.eachLane(code, (inner, lane) => {
      const place = i32.add(address, i32.mul(this.positionOf(lane), this.stepOf(step, size)));
      this.lanes.storeLane(inner, storage, place, vector, lane);
    });
  }

  /** Runs `body` for every lane that is inside of the loop. */
  private eachLane(code: Code, body: (code: Code, lane: number) => void): void {
    const { counter, end, partial } = this.place!;
    for (let lane = 0; lane < this.lanes.count; lane++) {
      if (!partial || lane === 0) body(code, lane);
      else code.if(i32.gt_s(i32.sub(end, counter), i32.const(lane)), (inner) => body(inner, lane));
    }
  }

  private scatter(code: Code, placed: Placed, value: V128): void {
    const { buffer } = placed.root;
    const storage = this.storageOf(buffer);
    const size = this.lanes.bytes[storage];
    const vector = code.let(value);
    const { address, step, indirect } = this.addressOf(buffer, placed.store);
    const indices = indirect.map(({ index, size: limit, stride }) => ({ index: this.emit(index), limit, stride }));
    this.eachLane(code, (inner, lane) => {
      let at: I32 = address;
      if (step !== undefined) at = i32.add(at, i32.mul(this.positionOf(lane), this.stepOf(step, size)));
      for (const { index, limit, stride } of indices)
        at = i32.add(at, i32.mul(this.clamped(inner, this.lanes.index(index, lane), limit), this.size(stride, size)));
      const place = inner.let(at);
      const before = this.lanes.loadSplat(storage, place);
      const splat =
        this.lanes.count === 4
          ? [0, 1, 2, 3].flatMap(() => [0, 1, 2, 3].map((b) => 4 * lane + b))
          : [0, 1].flatMap(() => [0, 1, 2, 3, 4, 5, 6, 7].map((b) => 8 * lane + b));
      this.lanes.storeLane(
        inner,
        storage,
        place,
        inner.let(this.lanes.add(before, v128.shuffle(vector, vector, splat), 'float')),
        0,
      );
    });
  }

  // Addresses

  /**
   * The address of an access without what varies along the vectors, and how that goes: `step` elements a position
   * (undefined: not at all), and by which indices.
   */
  private addressOf(
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
  private clamped(code: Code, index: I32, size: Dim): I32 {
    const own = code.let(index);
    const last = code.let(i32.sub(this.size(size), i32.const(1)));
    const high = code.let(i32.select(last, own, i32.gt_s(own, last)));
    return i32.select(i32.const(0), high, i32.lt_s(high, i32.const(0)));
  }

  private addressIn(level: number, key: string, make: (code: Code) => I32): I32 {
    const scope = this.scopes[level]!;
    let address = scope.addresses.get(key);
    if (address === undefined) {
      address = scope.code.let(make(scope.code));
      scope.addresses.set(key, address);
    }
    return address;
  }

  /** An address moved by the position of the vector. */
  private advanced(address: Value<'i32'>, size: number): I32 {
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
  private positionOf(lane: number): I32 {
    const { counter, copy, partial, end } = this.place!;
    const position = i32.add(counter, i32.const(copy * this.lanes.count + lane));
    if (!partial || lane === 0) return position;
    const { code } = this.here;
    const own = code.let(position);
    const last = code.let(i32.sub(end, i32.const(1)));
    return i32.select(own, last, i32.lt_s(own, last));
  }

  private stepOf(step: Dim | undefined, size: number): I32 {
    return step === undefined ? i32.const(0) : this.size(step, size);
  }

  // Values

  private read(buffer: Buffer, terms: readonly Term[]): V128 {
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

  private position(at: Coordinate): V128 {
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
  private emit(lane: Lane): V128 {
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

  private compute(lane: Exclude<Lane, { kind: 'constant' }>, scope: Scope): V128 {
    if (lane.kind === 'size') return this.lanes.splat(this.size(lane.dim));
    if (lane.kind === 'position') return this.position(lane.at);
    if (lane.kind === 'load') return this.read(lane.buffer, (lane as Load).terms);
    const operands = lane.inputs.map((input) => this.emit(input));
    // Of a choice, the type of what is chosen.
    const operandType = lane.inputs[lane.op === 'where' ? 1 : 0]!.type;
    return this.lanes.op(scope.code, lane.op, lane.type, operandType, operands, lane.attributes);
  }

  /** Computes as if the scope were the innermost: what belongs to an outer loop must not see the vectors. */
  private inScope<T>(level: number, compute: () => T): T {
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
