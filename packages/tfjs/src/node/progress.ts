/** Says what is going on: one line when a step starts, and one every few seconds while it lasts. */
export class Progress {
  readonly #report: ((message: string) => void) | undefined;
  readonly #intervalMs: number;
  readonly #start = performance.now();
  /** Everything said so far. */
  readonly log: string[] = [];

  constructor(report?: (message: string) => void, intervalMs = 5000) {
    this.#report = report;
    this.#intervalMs = intervalMs;
  }

  /** Since it was made, to a tenth. */
  get seconds(): number {
    return Math.round((performance.now() - this.#start) / 100) / 10;
  }

  say(text: string): void {
    const message = `tfjs-node: ${text}`;
    this.log.push(message);
    this.#report?.(message);
  }

  /** Does the work, telling how long it has been going on, with what `detail` gives (a size, say). */
  async during<T>(text: string, work: () => Promise<T>, detail?: () => Promise<string>): Promise<T> {
    const start = performance.now();
    this.say(`${text}…`);
    const timer = setInterval(async () => {
      const more = detail ? `${await detail()}, ` : '';
      this.say(`${text}… ${more}${Math.round((performance.now() - start) / 1000)} s`);
    }, this.#intervalMs);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }
}
