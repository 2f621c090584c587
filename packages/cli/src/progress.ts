/** A bar that moves on a terminal; elsewhere a line every few seconds, so that a log shows that work goes on. */
export class Progress {
  readonly #title: string;
  readonly #stream: NodeJS.WriteStream;
  readonly #everyMs: number;
  #last = performance.now();
  #drawn = false;

  constructor(title: string, stream: NodeJS.WriteStream = process.stderr, everyMs = 5000) {
    this.#title = title;
    this.#stream = stream;
    this.#everyMs = everyMs;
  }

  /** Shows that `done` of `total` are done, the last of which is `what`. */
  at(done: number, total: number, what: string): void {
    const now = performance.now();
    if (this.#stream.isTTY) {
      const width = 24;
      const filled = Math.round((width * done) / Math.max(total, 1));
      const line = `${this.#title} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${total} ${what}`;
      this.#stream.write(`\r\x1b[2K${line.slice(0, (this.#stream.columns || 80) - 1)}`);
      this.#drawn = true;
    } else if (now - this.#last >= this.#everyMs) {
      this.#last = now;
      this.#stream.write(`${this.#title}: ${done} of ${total}, ${what}\n`);
    }
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#drawn) this.#stream.write('\r\x1b[2K');
    this.#drawn = false;
  }
}
