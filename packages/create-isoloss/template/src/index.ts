export { myLoss } from './my-loss.ts';
