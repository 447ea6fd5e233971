import { findModel, priceOf } from '../model-cost.ts';
import type { MakerModels } from '../models.ts';
import type { ProviderContext, ProviderSettings } from '../provider-adapter.ts';
import type { ChainMember } from '../vision-provider.ts';
import { createSdkProvider, type SdkProviderOptions } from './sdk-provider.ts';

export interface MakerOptions extends Pick<SdkProviderOptions, 'reasoning' | 'providerOptions'> {
  readonly maker: MakerModels;
  readonly keyVariable: string;
  readonly defaultBaseUrl: string;
  readonly model: (id: string, baseUrl: string, apiKey: string) => ReturnType<SdkProviderOptions['model']>;
}

/** A later answer may take so long. */
const defaultTimeoutMs = 60_000;
/** What a model that is not in the table may think unseen; its price is not known either. */
const unknownHiddenTokens = 1024;

/** A provider of one of the makers in the table of models; a model that is not in it works, at an unknown price. */
export function createMakerProvider(
  settings: ProviderSettings,
  { clock }: ProviderContext,
  { maker, keyVariable, defaultBaseUrl, model, ...rest }: MakerOptions,
): ChainMember {
  const modelId = settings.model ?? maker.defaultModel;
  const known = findModel(maker, modelId);
  const apiKey = settings.apiKey;
  // Loads the maker's client; whoever asks learns of a failure.
  const languageModel = model(modelId, settings.baseUrl ?? defaultBaseUrl, apiKey ?? 'none');
  languageModel.catch(() => undefined);
  return createSdkProvider({
    ...rest,
    type: settings.type,
    name: settings.name,
    modelId,
    model: () => languageModel,
    apiKey,
    missingKey: apiKey === null ? `there is no key; set api_key, or ${keyVariable} in the environment` : null,
    isLocal: false,
    isFree: false,
    requestsPerMinute: settings.requestsPerMinute,
    timeoutMs: settings.timeoutMs ?? defaultTimeoutMs,
    mostPictures: settings.pictures,
    pictureRule: maker.pictures,
    price: () => settings.price ?? (known === undefined ? null : priceOf(known, clock.now())),
    hiddenTokens: known?.hiddenTokens ?? unknownHiddenTokens,
    mayRefuseSchema: false,
    clock,
  });
}
