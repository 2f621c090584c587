/** A .npy file as numpy writes it. */
export function npy(descr: string, shape: string, data: Buffer, { fortran = false, version = 1 } = {}): Buffer {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }\n`;
  const head = Buffer.from(
    version === 1 ? '\x93NUMPY\x01\x00..' : `\x93NUMPY${String.fromCharCode(version)}\x00....`,
    'latin1',
  );
  if (version === 1) head.writeUInt16LE(header.length, 8);
  else head.writeUInt32LE(header.length, 8);
  return Buffer.concat([head, Buffer.from(header), data]);
}
