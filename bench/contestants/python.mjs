// torch and JAX, each in a child process with its own number of threads (see python/child.py).
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bothModes, NotOffered } from './contestant.mjs';

const program = fileURLToPath(new URL('../python/child.py', import.meta.url));

/** Requests and answers, one at a time. */
class Child {
  #child;
  #waiting = [];
  #ended;
  #log = '';

  constructor(python, library, threads) {
    this.#child = spawn(python, [program, library, String(threads)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) },
    });
    this.#child.stderr.on('data', (chunk) => {
      this.#log = (this.#log + chunk).slice(-2000);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const message = JSON.parse(line);
      const { resolve, reject } = this.#waiting.shift();
      if (message.error === undefined) resolve(message);
      else reject(new Error(message.error));
    });
    const end = (why) => {
      this.#ended ??= new Error(`${library} ended: ${why} ${this.#log.trim().split('\n').at(-1)}`.trim());
      for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
    };
    this.#child.on('error', (error) => end(error.message));
    this.#child.on('close', (code) => end(`exit ${code}.`));
    this.#child.stdin.on('error', () => {});
  }

  /** The next line; the first one says what runs there. */
  answer() {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  ask(request) {
    const answer = this.answer();
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    return answer;
  }

  close() {
    this.#child.stdin.end();
  }
}

/** Inputs as files, written once a case for all children. */
class Files {
  #folder;
  #case;
  #entries;

  /** Memory where there is a file system in it. */
  #open() {
    this.#folder ??= mkdtempSync(path.join(process.platform === 'linux' ? '/dev/shm' : '.', 'isoloss-bench-'));
    process.once('exit', () => this.close());
    return this.#folder;
  }

  async of(one) {
    const folder = this.#folder ?? this.#open();
    if (this.#case !== one) {
      this.#case = one;
      this.#entries = {};
      for (const [name, { dtype, shape, data }] of Object.entries(one.inputs)) {
        const file = path.join(folder, name);
        await writeFile(file, data);
        this.#entries[name] = { dtype, shape, file };
      }
    }
    return { folder, entries: this.#entries };
  }

  close() {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

const files = new Files();
const arrays = { float32: Float32Array, float64: Float64Array };

export async function python(id, threads, { python: interpreter, library }) {
  if (interpreter === undefined) throw new NotOffered('no --python is given');
  const child = new Child(interpreter, library, threads);
  const { runtime } = await child.answer();
  return {
    id,
    runtime,
    modes: bothModes,
    async prepare(one) {
      const { folder, entries } = await files.of(one);
      const { loss, dtype, gradients } = one;
      const {
        value,
        gradients: written,
        unsupported,
      } = await child.ask({
        do: 'prepare',
        loss: loss.id,
        options: loss.options,
        dtype,
        inputs: entries,
        gradients,
        folder,
      });
      if (unsupported !== undefined) throw new NotOffered(unsupported);
      // Read now: the next child writes to the same files.
      const read = Object.entries(written).map(([name, { file }]) => {
        const { buffer, byteOffset, byteLength } = readFileSync(file);
        return [name, new arrays[dtype](buffer.slice(byteOffset, byteOffset + byteLength))];
      });
      let outputs = { value: Number(value), gradients: Object.fromEntries(read) };
      return {
        async outputs() {
          const once = outputs;
          outputs = undefined;
          return once;
        },
        time: (mode, repeat) => child.ask({ do: 'time', mode, repeat }),
        dispose: () => child.ask({ do: 'release' }).then(() => {}),
      };
    },
    close() {
      child.close();
      files.close();
    },
  };
}
