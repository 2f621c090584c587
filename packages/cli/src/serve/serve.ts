import { backendId, requireBackend } from '../backends.ts';
import type { ServeFlags } from '../commands/serve.ts';
import { quietly } from '../quiet.ts';
import { lines } from './lines.ts';
import { createServer } from './server.ts';

/** Answers requests from standard input until it ends or says stop. */
export async function serve({ backend: name }: ServeFlags): Promise<void> {
  const id = backendId(name);
  await quietly(async (write) => {
    const { backend, description } = await requireBackend(id);
    const server = createServer(backend, description);
    const send = (line: string) => new Promise<void>((done) => write(`${line}\n`, () => done()));
    for await (const line of lines(process.stdin)) {
      const answer = await server.answer(line);
      if (answer === undefined) break;
      await send(answer);
    }
    server.dispose();
    await backend.dispose();
    // Everything is flushed; a runtime's threads or an input that nobody closes must not keep the process alive.
    process.exit(0);
  });
}
