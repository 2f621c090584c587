import { describe, test } from 'node:test';
import { testLosses } from '@isoloss/conformance';
import { openBackends } from 'isoloss';
import * as losses from '../dist/index.js';

// Value and gradients of every vector, on every backend that works on this machine.
const backends = await openBackends();
const vectors = new URL('../vectors/', import.meta.url);
testLosses(losses, { describe, test, backends, vectors });
