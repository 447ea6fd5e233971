import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { answerInWords } from './answer-schema.ts';
import { pictureTokens, priceOf, textTokens, usdOf } from './model-cost.ts';
import { makers, type MakerModels } from './models.ts';
import { buildPrompt } from './prompt.ts';

const page = readFileSync(new URL('../../docs/vision.md', import.meta.url), 'utf8');

/** An event of full HD: three frames and a crop, as they are shrunk for this maker. */
function inputTokens({ pictures }: MakerModels): number {
  const frame = { width: pictures.longestSide, height: (pictures.longestSide * 9) / 16 };
  const crop = { width: 512, height: 512 };
  const { system, prompt } = buildPrompt({
    input: {
      cameraName: 'Front door',
      timeZone: 'Europe/Berlin',
      hints: {
        detections: [{ label: 'person', score: 0.8, box: [0.4, 0.4, 0.1, 0.3] }],
        sentence: 'A person walks to the right.',
      },
    },
    pictures: [0, 700, 1400].map((ms) => ({ kind: 'frame' as const, capturedAt: ms })),
    isGray: false,
  });
  const words = textTokens(system) + textTokens(prompt) + textTokens(answerInWords);
  return words + 3 * pictureTokens(pictures.tokens, frame) + pictureTokens(pictures.tokens, crop);
}

/** About what an answer takes. */
const outputTokens = 230;

function costRows(): string[] {
  const at = Date.UTC(2026, 10, 23);
  return Object.entries<MakerModels>(makers).flatMap(([type, maker]) =>
    maker.models.map((model) => {
      const price = priceOf(model, at);
      const input = inputTokens(maker);
      const usd = usdOf({ input, output: outputTokens }, price);
      const mark = model.id === maker.defaultModel ? ' (default)' : '';
      return `| \`${type}\` | \`${model.id}\`${mark} | ${price.inputUsd} / ${price.outputUsd} | ${input} | ${usd.toFixed(5)} | ${(usd * 1000).toFixed(2)} |`;
    }),
  );
}

test('the page says what an event costs, as computed from the table of models', () => {
  const rows = costRows();
  expect(rows.length).toBeGreaterThan(8);
  const told = page.split('\n').filter((line) => /^\| `(?:openai|anthropic|google|xai)` \|/.test(line));
  expect(told).toEqual(rows);
});
