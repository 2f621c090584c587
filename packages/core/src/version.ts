/** The release of this package. Written by scripts/version.mjs, checked against package.json by a test. */
export const version = '0.0.0';
