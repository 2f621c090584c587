import { testBackend } from '@isoloss/conformance';
import { describe, test } from 'vitest';
import { myBackend } from './fixtures/my-backend.ts';

const expectations = [
  { pattern: '*/0012', reason: 'a mean of nothing is 0 there', link: 'https://example.org/my-runtime/issues/7' },
];
testBackend(myBackend(), { describe, test, expectations, losses: ['l1', 'huber'] });
