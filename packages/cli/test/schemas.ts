import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { root } from './command.ts';

const ajv = new Ajv2020({ allowUnionTypes: true, strictRequired: false, strictTypes: false });
for (const name of ['doctor', 'backend-config', 'choice', 'contract'])
  ajv.addSchema(JSON.parse(readFileSync(join(root, `packages/cli/schemas/${name}.schema.json`), 'utf8')));
/** Expects a value to be as a schema of the package says. */
export const conforms = (name: string, value: unknown) => {
  const validate = ajv.getSchema(`https://isoloss.dev/schemas/${name}.schema.json`)!;
  expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
};
/** As a reader of the printed JSON has it. */
export const printed = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
