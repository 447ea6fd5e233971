import { expect, test } from 'vitest';
import { costOf, findModel, pictureTokens, priceOf, textTokens } from './model-cost.ts';
import { makers, unknownPictures, type MakerModels } from './models.ts';

const all: readonly (readonly [string, MakerModels])[] = Object.entries(makers);

test('every default is in the table, and every entry says where it is from and when', () => {
  expect(all.length).toBe(4);
  for (const [, maker] of all) {
    expect(findModel(maker, maker.defaultModel)?.id).toBe(maker.defaultModel);
    expect(new Set(maker.models.map(({ id }) => id)).size).toBe(maker.models.length);
    for (const model of maker.models) {
      expect(model.source.length).toBeGreaterThan(10);
      expect(model.checkedOn).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      expect(model.price.outputUsd).toBeGreaterThan(model.price.inputUsd);
    }
  }
});

test.for([
  ['anthropic', 'claude-haiku-4-5-20251001', 'claude-haiku-4-5'],
  ['openai', 'gpt-5.4-mini-2026-03-17', 'gpt-5.4-mini'],
  ['xai', 'grok-4.20-0309-non-reasoning', 'grok-4.20-non-reasoning'],
  ['openai', 'gpt-5.4-mini', 'gpt-5.4-mini'],
  ['openai', 'gpt-5.4-mini-audio', undefined],
  ['openai', 'gpt-5.4', undefined],
] as const)('%s %s is the model %s', ([maker, id, found]) => {
  expect(findModel(makers[maker], id)?.id).toBe(found);
});

test('a price that changes counts from its day', () => {
  const model = findModel(makers.google, 'gemini-3.8-flash');
  if (model === undefined) throw new Error('it is not in the table any more');
  expect(priceOf(model, Date.UTC(2026, 11, 31, 23)).inputUsd).toBe(0.75);
  expect(priceOf(model, Date.UTC(2027, 0, 1)).inputUsd).toBe(1.5);
});

test('a frame of 640 × 360 costs about what the makers say', () => {
  const frame = { width: 640, height: 360 };
  expect(all.map(([name, { pictures }]) => [name, pictureTokens(pictures.tokens, frame)])).toEqual([
    ['openai', 288],
    ['anthropic', 299],
    ['google', 280],
    ['xai', 768],
  ]);
  expect(pictureTokens(unknownPictures.tokens, frame)).toBe(768);
});

test('what was counted is charged, what was not is charged at the estimate', () => {
  const price = { inputUsd: 1, outputUsd: 10 };
  const usage = { inputTokens: 1_000_000, outputTokens: 100_000 };
  expect(costOf(usage, price, 5)).toBe(2);
  expect(costOf({ ...usage, outputTokens: null }, price, 5)).toBe(5);
  expect(costOf(null, price, 5)).toBe(5);
  expect(costOf(usage, null, null)).toBeNull();
});

test('text is guessed high in every script', () => {
  expect(textTokens('A person walks to the door.')).toBe(9);
  expect(textTokens('玄関')).toBe(2);
});
