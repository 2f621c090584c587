#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';

// Node 22 and later keep compiled code between runs: the command then starts in half the time.
module.enableCompileCache?.();

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  process.stderr.write('isoloss: it is not built yet; run npm start in the workspace, or npm run build\n');
  process.exitCode = 1;
}
