import { UsageError } from './errors.ts';

/** What a package of one loss is called in its various places. */
export interface Names {
  /** Of the package: `@me/soft-band`. */
  readonly name: string;
  /** Of files and the folder: `soft-band`. */
  readonly base: string;
  /** Of the loss: `softBand`. */
  readonly id: string;
  /** Of the oracle: `soft_band`. */
  readonly module: string;
}

/** What the template's module imports, and what JavaScript keeps for itself. */
const taken = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false
  finally for function if implements import in instanceof interface let new null package private protected public return
  static super switch this throw true try typeof var void while with yield undefined
  inputs where z`.split(/\s+/),
);

const example = 'as in soft-band or @me/soft-band';

/**
 * The names that follow from the package's.
 * @throws UsageError for what npm would not take, or what makes no id of a loss
 */
export function namesFrom(name: string): Names {
  const [, , base] = /^(@[a-z0-9][a-z0-9._-]*\/)?([^/]*)$/.exec(name) ?? [];
  if (base === undefined || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(base))
    throw new UsageError(
      `${JSON.stringify(name)} can't be the package's name: lower-case words with hyphens between them, ${example}`,
    );
  if (name.length > 214) throw new UsageError(`the name has ${name.length} characters, and npm takes 214`);
  const [first, ...rest] = base.split('-');
  const id = first + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  if (taken.has(id)) throw new UsageError(`${id} can't be the loss's name: the language has it already; ${example}`);
  return { name, base, id, module: base.replaceAll('-', '_') };
}
