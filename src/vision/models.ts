import type { TokenPrice } from './provider-adapter.ts';

/** How a maker turns a picture into tokens. */
export type PictureTokens =
  /** One token for each square of `patchPx`, times `factor`. */
  | { readonly kind: 'patches'; readonly patchPx: number; readonly factor: number }
  /** The same for every size. */
  | { readonly kind: 'fixed'; readonly tokens: number }
  /** `tokensPerTile` for each square of `tilePx`, `extraTiles` on top. */
  | {
      readonly kind: 'tiles';
      readonly tilePx: number;
      readonly tokensPerTile: number;
      readonly extraTiles: number;
    };

export interface PictureRule {
  readonly tokens: PictureTokens;
  /** What a frame is shrunk to, px. */
  readonly longestSide: number;
  /** The same for the crop of the subject. */
  readonly cropLongestSide: number;
  readonly source: string;
}

export interface KnownModel {
  readonly id: string;
  readonly price: TokenPrice;
  /** From this day (UTC, ISO) the price is another. */
  readonly laterPrice?: TokenPrice & { readonly from: string };
  /** What it may think, unseen but billed, even when it is told not to; tokens. */
  readonly hiddenTokens: number;
  readonly source: string;
  /** ISO date. */
  readonly checkedOn: string;
}

export interface MakerModels {
  readonly defaultModel: string;
  readonly pictures: PictureRule;
  readonly models: readonly KnownModel[];
}

const usd = (inputUsd: number, outputUsd: number): TokenPrice => ({ inputUsd, outputUsd });

/** Prompts of an event stay far below the sizes at which makers charge more. Cached input counts in full here. */
export const makers = {
  openai: {
    defaultModel: 'gpt-6-luna',
    pictures: {
      tokens: { kind: 'patches', patchPx: 32, factor: 1.2 },
      longestSide: 640,
      cropLongestSide: 768,
      source: 'measured by third parties on GPT-5.4 and later, 2026; not confirmed on a page of the maker',
    },
    models: [
      {
        id: 'gpt-6-luna',
        price: usd(0.1, 0.5),
        hiddenTokens: 0,
        source:
          "OpenAI's price page of 2026-09-22 as quoted by two release notes; reasoning can be switched off",
        checkedOn: '2026-11-23',
      },
      {
        id: 'gpt-6-sol',
        price: usd(2, 10),
        hiddenTokens: 0,
        source: "OpenAI's price page of 2026-09-22 as quoted by two release notes",
        checkedOn: '2026-11-23',
      },
      {
        id: 'gpt-5.6-luna',
        price: usd(0.2, 1.2),
        hiddenTokens: 0,
        source: "OpenAI's page of the model, price since 2026-07-30",
        checkedOn: '2026-11-23',
      },
      {
        id: 'gpt-5.4-mini',
        price: usd(0.75, 4.5),
        hiddenTokens: 0,
        source: 'price lists of third parties, 2026',
        checkedOn: '2026-11-23',
      },
      {
        id: 'gpt-5.4-nano',
        price: usd(0.2, 1.25),
        hiddenTokens: 0,
        source: 'price lists of third parties, 2026',
        checkedOn: '2026-11-23',
      },
    ],
  },
  anthropic: {
    defaultModel: 'claude-haiku-5-5',
    pictures: {
      tokens: { kind: 'patches', patchPx: 28, factor: 1 },
      longestSide: 640,
      cropLongestSide: 768,
      source: "Anthropic's guide to vision, 2026: one token for each 28 x 28 px",
    },
    models: [
      {
        id: 'claude-haiku-5-5',
        price: usd(0.1, 0.5),
        hiddenTokens: 0,
        source: "Anthropic's page of the model (released 2026-10-07), prompts up to 100,000 tokens",
        checkedOn: '2026-11-23',
      },
      {
        id: 'claude-sonnet-5-5',
        price: usd(2, 10),
        hiddenTokens: 1024,
        source: "Anthropic's comparison of models, 2026-10; its thinking can't be switched off",
        checkedOn: '2026-11-23',
      },
      {
        id: 'claude-haiku-4-5',
        price: usd(1, 5),
        hiddenTokens: 0,
        source: "Anthropic's price page as quoted by third parties, 2026",
        checkedOn: '2026-11-23',
      },
    ],
  },
  google: {
    defaultModel: 'gemini-3.5-flash-lite',
    pictures: {
      // With media resolution "low", which the adapter asks for; 1,120 otherwise.
      tokens: { kind: 'fixed', tokens: 280 },
      longestSide: 768,
      cropLongestSide: 768,
      source: "Google's guide to media resolution, Gemini 3, 2026",
    },
    models: [
      {
        id: 'gemini-3.5-flash-lite',
        price: usd(0.3, 2.5),
        hiddenTokens: 256,
        source: "Google's price page of 2026-10-07; thinking at its least",
        checkedOn: '2026-11-23',
      },
      {
        id: 'gemini-3.1-flash-lite',
        price: usd(0.25, 1.5),
        hiddenTokens: 256,
        source: 'price lists of third parties, 2026',
        checkedOn: '2026-11-23',
      },
      {
        id: 'gemini-3.8-flash',
        price: usd(0.75, 3.75),
        laterPrice: { from: '2027-01-01', ...usd(1.5, 7.5) },
        hiddenTokens: 512,
        source: "Google's price page of 2026-10-07",
        checkedOn: '2026-11-23',
      },
    ],
  },
  xai: {
    defaultModel: 'grok-4.20-non-reasoning',
    pictures: {
      tokens: { kind: 'tiles', tilePx: 448, tokensPerTile: 256, extraTiles: 1 },
      longestSide: 640,
      cropLongestSide: 768,
      source: "xAI's guide to image understanding, 2025; not confirmed for the models of 2026",
    },
    models: [
      {
        id: 'grok-4.20-non-reasoning',
        price: usd(1.25, 2.5),
        hiddenTokens: 0,
        source: "xAI's pages of the Grok 4.20 models, 2026",
        checkedOn: '2026-11-23',
      },
      {
        id: 'grok-4.3',
        price: usd(1.25, 2.5),
        hiddenTokens: 1024,
        source:
          "xAI's list of models as quoted by third parties, 2026; one of them says that it always reasons",
        checkedOn: '2026-11-23',
      },
      {
        id: 'grok-4.7',
        price: usd(2, 6),
        hiddenTokens: 1024,
        source: "xAI's list of models as quoted by third parties, 2026-09",
        checkedOn: '2026-11-23',
      },
    ],
  },
} as const satisfies Record<string, MakerModels>;

/** For servers whose models nobody can list here: the costliest of the rules above. */
export const unknownPictures: PictureRule = {
  tokens: { kind: 'tiles', tilePx: 448, tokensPerTile: 256, extraTiles: 1 },
  longestSide: 640,
  cropLongestSide: 768,
  source: 'a cautious guess',
};
