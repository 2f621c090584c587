// NumPy's .npy files, a few rows at a time: little-endian float32 and int32 in C order, which is what `numpy.save` writes.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

const types = { '<f4': Float32Array, '<i4': Int32Array };

/** Opens a file. `read(first, count, into)` fills an array with whole rows and returns the part of it that they take. */
export function openNpy(file) {
  const handle = openSync(file, 'r');
  const start = Buffer.alloc(10);
  readSync(handle, start, 0, 10, 0);
  const offset = 10 + start.readUInt16LE(8);
  const header = Buffer.alloc(offset - 10);
  readSync(handle, header, 0, header.length, 10);
  const [, descr] = /'descr': '([^']*)'/.exec(header) ?? [];
  const [, sizes] = /'fortran_order': False, 'shape': \(([^)]*)\)/.exec(header) ?? [];
  const Type = types[descr];
  if (start.toString('latin1', 0, 8) !== '\x93NUMPY\x01\x00' || Type === undefined || sizes === undefined)
    throw new Error(`${file} is no .npy file of version 1 with float32 or int32 in C order`);
  const shape = sizes.split(',').filter(Boolean).map(Number);
  const width = shape.slice(1).reduce((product, size) => product * size, 1);
  return {
    shape,
    /** An array for so many rows. */
    allocate: (count) => new Type(count * width),
    read(first, count, into) {
      const rows = into.subarray(0, count * width);
      const got = readSync(handle, rows, 0, rows.byteLength, offset + first * width * Type.BYTES_PER_ELEMENT);
      if (got !== rows.byteLength) throw new Error(`${file} ends before row ${first + count}`);
      return rows;
    },
    close: () => closeSync(handle),
  };
}

/** Starts a file; its rows come with any number of calls of `write`. */
export function createNpy(file, descr, shape) {
  const handle = openSync(file, 'w');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.map((size) => `${size},`).join(' ')}), }`;
  // The data start at a multiple of 64 bytes.
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const start = Buffer.from('\x93NUMPY\x01\x00\0\0', 'latin1');
  start.writeUInt16LE(padded.length, 8);
  writeSync(handle, Buffer.concat([start, Buffer.from(padded, 'latin1')]));
  return { write: (rows) => writeSync(handle, rows), close: () => closeSync(handle) };
}
