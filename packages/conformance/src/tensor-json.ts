// Core's: there is one codec. Kept as a module of its own for those who read vectors without knowing core.
export {
  type NumberJSON,
  numberFromJSON,
  numberToJSON,
  type TensorJSON,
  tensorFromJSON,
  tensorToJSON,
} from '@isoloss/core';
