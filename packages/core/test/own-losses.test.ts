import {
  catalogue,
  defineLoss,
  findLoss,
  huber,
  inputs,
  type LossFactory,
  lossesIn,
  lossFromJSON,
  registerLosses,
} from '@isoloss/core';
import { expect, test } from 'vitest';

const own = (id: string, aliases: string[] = []) =>
  defineLoss({
    id,
    aliases,
    inputs: { input: inputs.float('...'), target: inputs.float('...') },
    formula: ({ input, target }) => input.sub(target).square().square(),
  });

test('a registered loss is found by id, alias and kebab-case, and comes back from JSON', () => {
  const before = catalogue.size;
  const quartic = own('ownQuartic', ['fourthPower']);
  registerLosses([quartic, quartic]);
  registerLosses([quartic]);
  expect(catalogue.size).toBe(before + 1);
  for (const name of ['ownQuartic', 'own-quartic', 'fourthPower', 'fourth-power'])
    expect(findLoss(name)).toBe(quartic.definition);
  const { id, options } = quartic({ reduction: 'sum' }).toJSON();
  expect(lossFromJSON(id, options).key).toBe(quartic({ reduction: 'sum' }).key);
  expect(() => findLoss('ownQuartik')).toThrow('did you mean ownQuartic?');
});

test.each([
  ['an id of the catalogue', ['huber'], 'there is a loss huber already; give yours another id or alias'],
  ['an alias of the catalogue', ['pinball'], 'there is a loss pinball already (it is quantile)'],
  ['an alias that is taken', ['ownTaken', 'huber'], 'there is a loss huber already'],
  [
    'an id that is taken in kebab-case',
    ['crossentropy', 'cross-entropy'],
    'there is a loss cross-entropy already (it is crossEntropy)',
  ],
  ['no camelCase', ['Own-Loss'], '"Own-Loss" is no id of a loss: ids are camelCase, as in myLoss'],
])('%s is refused, and nothing is added', (_, [id, ...aliases], message) => {
  const before = [...catalogue.keys()];
  expect(() => registerLosses([own('ownInnocent'), own(id!, aliases)])).toThrow(message);
  expect([...catalogue.keys()]).toEqual(before);
});

test('two losses of one name are refused', () => {
  expect(() => registerLosses([own('ownTwin'), own('ownTwin')])).toThrow('there is a loss ownTwin already');
});

test('the losses of a module are what defineLoss gave', () => {
  const mine = own('ownOfModule');
  expect(lossesIn({ mine, huber, version: '1', helper: () => 1, default: undefined, nothing: null })).toEqual([
    mine,
    huber,
  ]);
});

test('a loss of another copy of core is no loss here', () => {
  const { definition } = own('ownElsewhere');
  const theirs = Object.assign(() => {}, {
    id: 'ownElsewhere',
    definition: { ...definition },
  }) as unknown as LossFactory;
  expect(() => lossesIn({ theirs })).toThrow('the loss theirs is made by another copy of @isoloss/core than this one');
});
