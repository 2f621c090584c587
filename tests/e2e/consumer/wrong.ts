// Has a mistake, so that a check that finds none in the other files is seen to find one.
import { huber } from '@isoloss/core';

huber({ detla: 1 });
