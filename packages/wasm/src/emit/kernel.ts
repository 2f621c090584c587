import type { Dim } from '@isoloss/core';
import { type Code, type I32, i32, type Local, type V128, v128 } from '../assembler/index.ts';
import { type Coordinate, costOf, lanesOf, type Variable } from '../compile/ir.ts';
import { type Nest, type Placed, tileLength } from '../compile/nests.ts';
import { ValueWriter } from './values.ts';

/** Vectors that one accumulator adds up before it is added to the total: rounding errors grow with it. */
const block = 128;

/** Writes the loops of a kernel: `(arguments, begin, end)`, the last two over its outermost shared loop. */
export class KernelWriter extends ValueWriter {
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
    // Long bodies have their own parallelism, and no registers left for a second vector.
    const unroll = cost <= 32 ? 4 : 1;
    const reduced = nest.roots.filter((placed) => placed.root.reduce !== undefined && this.inRegister(placed, simd));
    const sums = reduced.some(({ root }) => root.reduce!.op === 'sum');
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
}
