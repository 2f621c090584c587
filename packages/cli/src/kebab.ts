/** `labelSmoothing` as a flag: `label-smoothing`. */
export const kebab = (name: string): string => name.replace(/[A-Z]+/g, (letters) => `-${letters.toLowerCase()}`);
