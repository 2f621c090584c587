/**
 * Splits a command as a POSIX shell would: at spaces, with '…', "…" and \ to keep them. No shell is started, so nothing
 * else is special: no variables, no wildcards, no pipes.
 *
 * @throws Error for a quote that is not closed, or nothing to run
 * @example
 * splitCommand(`python3 "my losses.py" --fast`); // ['python3', 'my losses.py', '--fast']
 */
export function splitCommand(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let k = 0; k < command.length; k++) {
    const character = command[k]!;
    if (character === '\\' && quote !== "'" && process.platform !== 'win32') word = (word ?? '') + (command[++k] ?? '');
    else if (character === quote) quote = undefined;
    else if (quote !== undefined) word = (word ?? '') + character;
    else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== undefined) throw new Error(`the command ${JSON.stringify(command)} opens ${quote} and never closes it`);
  if (word !== undefined) words.push(word);
  if (words.length === 0) throw new Error('the command is empty; it is as "python3 my_losses.py"');
  return words;
}
