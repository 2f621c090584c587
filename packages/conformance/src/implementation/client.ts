import { type BackendDescription, tensorToJSON } from '@isoloss/core';
import type { Subject, SubjectAnswer, SubjectRequest, Violation } from '../subject.ts';
import { clean, messageOf } from '../text.ts';
import { ImplementationError, parseAnswer, parseLine, parseStarted } from './answer.ts';
import { Child } from './child.ts';
import type { ImplementationSpec } from './spec.ts';

/** The version of the line protocol that is spoken here. */
const protocol = 1;

/** Seconds, where the specification says nothing: importing a large Python library takes a while. */
const defaultTimeouts = { start: 60, case: 30 } as const;

/** After so many crashes or hangs without an answer in between, the rest is not tried: it would take hours. */
const maxDeaths = 5;

/** How long a program may take to end after `stop`. */
const stopMs = 2000;

/** What an implementation said of itself when it was started before, so that it need not be started to be shown. */
export interface KnownImplementation {
  readonly id: string;
  readonly description: BackendDescription;
}

/**
 * A program behind the line protocol as something to judge. It is started by the first case, and again after a crash
 * or a hang; nothing that it prints or does throws anything but that case's error.
 */
export function implementationSubject(spec: ImplementationSpec, { id, description }: KnownImplementation): Subject {
  const connection = new Connection(spec);
  return {
    id,
    foreign: true,
    ...(spec.grade === undefined ? {} : { grade: spec.grade }),
    describe: async () => description,
    run: (request) => connection.run(request),
    violations: () => connection.violations(),
    dispose: () => connection.stop(),
  };
}

/**
 * Starts an implementation once to learn who it is. Never throws: what is wrong stands in the description. The id is the
 * name of its specification, else the name it gives itself, else its command; never one that is `taken`.
 */
export async function introduce(
  spec: ImplementationSpec,
  taken: ReadonlySet<string> = new Set(),
): Promise<KnownImplementation> {
  const connection = new Connection(spec);
  const unknown = { language: 'unknown', version: '', device: 'cpu' };
  const command = clean(spec.command.join(' '), 60);
  try {
    const { name, ...said } = await connection.introduce();
    const id = distinct(spec.name ?? name, taken);
    const description = { ...unknown, runtime: name, dtypes: ['float32', 'float64'] as const, ...said };
    return { id, description: { ...description, id, available: true } };
  } catch (error) {
    const id = distinct(spec.name ?? command, taken);
    const description = { ...unknown, id, runtime: command, dtypes: [], available: false, reason: messageOf(error) };
    return { id, description: { ...description, remedy: `try it by hand: echo '${start}' | ${command}` } };
  } finally {
    await connection.stop();
  }
}

const start = JSON.stringify({ command: 'start', protocol });

function distinct(name: string, taken: ReadonlySet<string>): string {
  let id = clean(name, 60);
  for (let n = 2; taken.has(id); n++) id = `${clean(name, 56)} ${n}`;
  return id;
}

interface Waiting {
  readonly id: string | undefined;
  resolve(answer: Readonly<Record<string, unknown>>): void;
  reject(error: ImplementationError): void;
}

/** One conversation with a program, over as many lives of it as it needs. */
class Connection {
  readonly #spec: ImplementationSpec;
  #child: Child | undefined;
  #waiting: Waiting | undefined;
  /** What was answered in this life: the same again is a repetition, another id is nonsense. */
  readonly #answered = new Set<string>();
  #last = '';
  #deaths = 0;
  #lastDeath = '';
  readonly #violations = new Map<string, { count: number; first: string }>();

  constructor(spec: ImplementationSpec) {
    this.#spec = spec;
  }

  async introduce(): Promise<ReturnType<typeof parseStarted>> {
    return parseStarted(await this.#start(), protocol);
  }

  async run({ id, loss, options, dtype, inputs, gradients }: SubjectRequest): Promise<SubjectAnswer> {
    if (this.#deaths >= maxDeaths)
      throw new ImplementationError(
        `not tried: it crashed or hung ${maxDeaths} times without an answer; the last time ${this.#lastDeath}`,
      );
    if (this.#child === undefined) parseStarted(await this.#start(), protocol);
    // A case has one id in both dtypes; a request has one of its own, to tell a late answer from the one that is due.
    const request = {
      command: 'run',
      id: `${id} ${dtype}`,
      loss,
      options,
      dtype,
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, tensorToJSON(tensor)])),
      ...(gradients.length > 0 ? { gradients } : {}),
    };
    const answer = await this.#ask(request, request.id, this.#spec.caseTimeout ?? defaultTimeouts.case);
    this.#deaths = 0;
    return parseAnswer(answer);
  }

  /** What it did against the protocol since the last call, beside what made a case an error. */
  async violations(): Promise<Violation[]> {
    // A second answer may stand right behind the first: let it arrive.
    if (this.#child !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    const found = [...this.#violations].map(([what, { count, first }]) => ({ what, count, first }));
    this.#violations.clear();
    return found;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await child?.stop(stopMs);
  }

  #start(): Promise<Readonly<Record<string, unknown>>> {
    this.#answered.clear();
    return this.#ask({ command: 'start', protocol }, undefined, this.#spec.startTimeout ?? defaultTimeouts.start, [
      'to start',
      'startTimeout',
    ]);
  }

  #ask(
    request: object,
    id: string | undefined,
    seconds: number,
    [what, limit] = ['to answer', 'caseTimeout'],
  ): Promise<Readonly<Record<string, unknown>>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#die(`it took longer than ${seconds} s ${what} and was killed (its ${limit})`),
        seconds * 1000,
      );
      if (id !== undefined) this.#answered.delete(id);
      this.#waiting = {
        id,
        resolve: (answer) => {
          clearTimeout(timer);
          this.#waiting = undefined;
          if (id !== undefined) this.#answered.add(id);
          this.#last = id ?? 'start';
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          this.#waiting = undefined;
          reject(error);
        },
      };
      try {
        this.#child ??= this.#spawn();
        this.#child.send(JSON.stringify(request));
      } catch (error) {
        this.#die(`it can't be started: ${messageOf(error)}`);
      }
    });
  }

  #spawn(): Child {
    const child: Child = new Child(this.#spec, {
      line: (text) => {
        if (this.#child === child) this.#hear(text);
      },
      ended: (why) => {
        if (this.#child === child) this.#die(why);
      },
    });
    return child;
  }

  /** It is not to be spoken to any more: the case that waits for it is an error, the next one starts it anew. */
  #die(why: string): void {
    this.#child?.kill();
    this.#child = undefined;
    this.#deaths++;
    this.#lastDeath = why;
    if (this.#waiting === undefined) this.#note(`between two requests: ${why}`);
    this.#waiting?.reject(new ImplementationError(why));
  }

  #hear(line: string): void {
    const problem = this.#deliver(line);
    // What it says next may belong to this request or to the one before: only a new start tells.
    if (problem !== undefined) this.#die(problem);
  }

  /** Hands an answer to the request that waits for it, or says why it can't be that. */
  #deliver(line: string): string | undefined {
    let answer: Readonly<Record<string, unknown>>;
    try {
      answer = parseLine(line);
    } catch (error) {
      return messageOf(error);
    }
    const waiting = this.#waiting;
    if (waiting !== undefined && (waiting.id === undefined || answer.id === waiting.id)) {
      waiting.resolve(answer);
      return undefined;
    }
    if (typeof answer.id === 'string' && this.#answered.has(answer.id)) {
      this.#note('it answered a request twice', answer.id);
      return undefined;
    }
    const id = clean(JSON.stringify(answer.id) ?? 'without id', 80);
    if (waiting === undefined) return `it answered ${id}, which was not asked`;
    if (!('id' in answer) && 'error' in answer)
      return `it can't read the request: ${clean((answer.error as { message?: unknown } | null)?.message)}`;
    return `it answered ${id} where ${JSON.stringify(waiting.id)} was asked`;
  }

  #note(what: string, first = this.#last): void {
    const known = this.#violations.get(what);
    if (known !== undefined) known.count++;
    // A hostile program must not fill the report either.
    else if (this.#violations.size < 20) this.#violations.set(what, { count: 1, first });
  }
}
