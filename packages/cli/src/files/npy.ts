import { endianness } from 'node:os';
import type { FileArray } from './array.ts';
import { badFile } from './errors.ts';

const magic = '\x93NUMPY';

type Numbers = Exclude<FileArray['data'], ArrayLike<number>> | Float32Array | Float64Array | Int32Array | Uint8Array;
interface Element {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly kind: FileArray['kind'];
  read(buffer: ArrayBuffer): Numbers | Uint16Array | Int16Array | Int8Array | Uint32Array;
}

const elements: Readonly<Record<string, Element>> = {
  f2: { bytes: 2, kind: 'float32', read: (buffer) => Float32Array.from(new Uint16Array(buffer), fromHalf) },
  f4: { bytes: 4, kind: 'float32', read: (buffer) => new Float32Array(buffer) },
  f8: { bytes: 8, kind: 'float64', read: (buffer) => new Float64Array(buffer) },
  i1: { bytes: 1, kind: 'int', read: (buffer) => new Int8Array(buffer) },
  i2: { bytes: 2, kind: 'int', read: (buffer) => new Int16Array(buffer) },
  i4: { bytes: 4, kind: 'int', read: (buffer) => new Int32Array(buffer) },
  i8: { bytes: 8, kind: 'int', read: (buffer) => new BigInt64Array(buffer) },
  u1: { bytes: 1, kind: 'int', read: (buffer) => new Uint8Array(buffer) },
  u2: { bytes: 2, kind: 'int', read: (buffer) => new Uint16Array(buffer) },
  u4: { bytes: 4, kind: 'int', read: (buffer) => new Uint32Array(buffer) },
  u8: { bytes: 8, kind: 'int', read: (buffer) => new BigUint64Array(buffer) },
  b1: { bytes: 1, kind: 'bool', read: (buffer) => new Uint8Array(buffer) },
};

/**
 * Reads numpy's .npy format, versions 1 to 3, either byte order, C and Fortran order.
 * @throws LossInputError BAD_FILE with what is wrong and where
 */
export function readNpy(bytes: Buffer, file: string, input: string): FileArray {
  const bad = (message: string) => badFile(file, message, input);
  if (bytes.length === 0) throw bad('is empty');
  if (!magic.startsWith(bytes.toString('latin1', 0, 6)))
    throw bad('is no .npy file: it does not start with \\x93NUMPY');
  if (bytes.length < 10) throw bad(`is cut short: it ends at byte ${bytes.length}, inside its header`);
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw bad(`is of .npy version ${version}; versions 1 to 3 are read`);
  const start = version === 1 ? 10 : 12;
  const end = start + (version === 1 ? bytes.readUInt16LE(8) : bytes.length < 12 ? 0 : bytes.readUInt32LE(8));
  if (bytes.length < Math.max(start, end))
    throw bad(`is cut short: its header takes ${end} bytes, and it ends at byte ${bytes.length}`);
  const { descr, fortran, shape } = readHeader(bytes.toString('latin1', start, end), bad);

  const [, order, type] = /^([<>|=])([a-z]\d+)$/.exec(descr) ?? [];
  const element = type !== undefined && Object.hasOwn(elements, type) ? elements[type] : undefined;
  if (element === undefined)
    throw bad(`holds elements of type ${descr}; read are ${Object.keys(elements).join(', ')} (numpy: a.astype('f4'))`);
  const size = shape.reduce((product, length) => product * length, 1);
  const needed = size * element.bytes;
  const there = bytes.length - end;
  if (there < needed)
    throw bad(
      `is cut short: shape (${shape.join(', ')}) of ${descr} takes ${needed} bytes, and ${there} are there: it ends in element ${Math.floor(there / element.bytes)}`,
    );
  if (there > needed) throw bad(`goes on for ${there - needed} bytes after the ${needed} that its shape takes`);

  // A copy: elements must be aligned, and the file's buffer belongs to somebody else.
  const buffer = new ArrayBuffer(needed);
  const own = Buffer.from(buffer);
  bytes.copy(own, 0, end);
  if (element.bytes > 1 && (order === '>') === (endianness() === 'LE') && order !== '=') swap(own, element.bytes);
  const data = element.read(buffer);
  if (element.kind === 'bool') {
    const wrong = (data as Uint8Array).findIndex((value) => value > 1);
    if (wrong >= 0) throw bad(`holds the byte ${data[wrong]} as a bool, in element ${wrong}`);
  }
  return {
    shape,
    data: fortran && shape.length > 1 ? toRowMajor(data as Float64Array, shape) : data,
    kind: element.kind,
  };
}

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** The header is a Python dictionary of three known entries. */
function readHeader(text: string, bad: (message: string) => Error): Header {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape'\s*:\s*\(([^)]*)\)/.exec(text)?.[1];
  if (descr === undefined && /'descr'\s*:\s*\[/.test(text))
    throw bad('holds records; save one array of numbers for each input');
  if (descr === undefined || fortran === undefined || sizes === undefined)
    throw bad('has a header without descr, fortran_order or shape');
  const shape = sizes
    .split(',')
    .map((size) => size.trim().replace(/L$/, ''))
    .filter((size, k, all) => size !== '' || k < all.length - 1)
    .map((size) => (/^\d+$/.test(size) ? Number(size) : Number.NaN));
  if (!shape.every(Number.isSafeInteger)) throw bad(`has a header with the shape (${sizes})`);
  return { descr, fortran: fortran === 'True', shape };
}

function swap(bytes: Buffer, width: 1 | 2 | 4 | 8): void {
  if (width === 2) bytes.swap16();
  else if (width === 4) bytes.swap32();
  else if (width === 8) bytes.swap64();
}

function toRowMajor<T extends Float64Array>(data: T, shape: readonly number[]): T {
  const result = data.slice() as T;
  const counter = new Array<number>(shape.length).fill(0);
  const strides: number[] = [];
  shape.reduce((stride, size) => {
    strides.push(stride);
    return stride * size;
  }, 1);
  let from = 0;
  for (let k = 0; k < data.length; k++) {
    result[k] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++counter[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      counter[axis] = 0;
    }
  }
  return result;
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

const descrs = { float32: '<f4', float64: '<f8', int32: '<i4', bool: '|b1' } as const;

/** Writes numpy's .npy format, version 1, little-endian, in C order. */
export function writeNpy({
  dtype,
  shape,
  data,
}: {
  dtype: keyof typeof descrs;
  shape: readonly number[];
  data: ArrayBufferView;
}): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${descrs[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The data begin at a multiple of 64, as numpy has it.
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const head = Buffer.alloc(10);
  head.write(`${magic}\x01\x00`, 'latin1');
  head.writeUInt16LE(length, 8);
  const body = Buffer.from(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer);
  const width =
    data.byteLength /
    Math.max(
      1,
      shape.reduce((product, size) => product * size, 1),
    );
  if (endianness() === 'BE') swap(body, width as 1 | 2 | 4 | 8);
  return Buffer.concat([head, Buffer.from(`${dictionary.padEnd(length - 1)}\n`, 'latin1'), body]);
}
