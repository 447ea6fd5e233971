import type { TokenUsage } from '../core/vision.ts';
import type { KnownModel, MakerModels, PictureTokens } from './models.ts';
import type { TokenPrice } from './provider-adapter.ts';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The entry of a model, also for its dated editions: `claude-haiku-4-5-20251001`, `gpt-5.4-mini-2026-03-17`,
 * `grok-4.20-0309-non-reasoning`.
 */
export function findModel(maker: MakerModels, id: string): KnownModel | undefined {
  const undated = id
    .replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8})$/, '')
    .replace(/-\d{4}(?=-(?:non-)?reasoning$)/, '');
  return maker.models.find((model) => model.id === id || model.id === undated);
}

/** @param now epoch ms */
export function priceOf(model: KnownModel, now: number): TokenPrice {
  const { price, laterPrice } = model;
  return laterPrice !== undefined && now >= Date.parse(laterPrice.from) ? laterPrice : price;
}

export function pictureTokens(rule: PictureTokens, { width, height }: PictureSize): number {
  switch (rule.kind) {
    case 'patches':
      return Math.ceil(Math.ceil(width / rule.patchPx) * Math.ceil(height / rule.patchPx) * rule.factor);
    case 'fixed':
      return rule.tokens;
    case 'tiles':
      return (
        (Math.ceil(width / rule.tilePx) * Math.ceil(height / rule.tilePx) + rule.extraTiles) *
        rule.tokensPerTile
      );
  }
  return rule satisfies never;
}

/** A high guess: words of a prompt have about four bytes a token, text in other scripts three or more. */
export function textTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 3);
}

export function usdOf(
  tokens: { readonly input: number; readonly output: number },
  price: TokenPrice,
): number {
  return (tokens.input * price.inputUsd + tokens.output * price.outputUsd) / 1_000_000;
}

/**
 * What a call cost: by its tokens where the service counted them, else the estimate, since the maker may bill it.
 *
 * @returns `null` when the price is not known
 */
export function costOf(
  usage: TokenUsage | null,
  price: TokenPrice | null,
  estimateUsd: number | null,
): number | null {
  if (price === null) return null;
  if (usage?.inputTokens == null || usage.outputTokens == null) return estimateUsd;
  return usdOf({ input: usage.inputTokens, output: usage.outputTokens }, price);
}
