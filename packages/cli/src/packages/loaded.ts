// Apart from what loads them, since that needs core: a list of the catalogue's own losses must come at once.

/** A package of losses whose losses are in the catalogue of this process. */
export interface LossPackage {
  readonly name: string;
  readonly version: string;
  /** Absolute, links followed. */
  readonly folder: string;
  /** The ids of its losses. */
  readonly losses: readonly string[];
  /** The folder of its vectors, where it has any; absolute. */
  readonly vectors: string | undefined;
}

const loaded = new Map<string, LossPackage>();

/** Notes that a package's losses are in the catalogue. */
export function remember(one: LossPackage): LossPackage {
  loaded.set(one.folder, one);
  return one;
}

export const loadedFrom = (folder: string): LossPackage | undefined => loaded.get(folder);

/** The packages that are loaded in this process, in the order they came. */
export const loadedPackages = (): readonly LossPackage[] => [...loaded.values()];

/** The package that a loss is of; undefined for one of the catalogue's own. */
export const packageOf = (loss: string): LossPackage | undefined =>
  loadedPackages().find(({ losses }) => losses.includes(loss));
