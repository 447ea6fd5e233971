import type { ProviderFault } from './provider-fault.ts';
import type { JsonSchema } from './schema-rules.ts';

export type ProviderKind = 'openai' | 'anthropic' | 'google' | 'xai' | 'openai_compatible';

export interface RecordedImage {
  /** As the request says. */
  readonly mediaType: string;
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
  readonly jpeg: Uint8Array;
}

/** What a request asks of the model, whatever the maker's way of saying it. */
export interface ModelCall {
  readonly model: string;
  /** The system prompt. */
  readonly instructions: string;
  /** The text parts of the user's messages, one a line. */
  readonly text: string;
  readonly images: readonly RecordedImage[];
  /** `null` when none was sent: such an answer is only asked for in the prompt. */
  readonly schema: JsonSchema | null;
  /** `null` when the request sets none. */
  readonly maxOutputTokens: number | null;
}

export interface RecordedRequest {
  /** 1 for the first request since the start. */
  readonly call: number;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly method: string;
  readonly path: string;
  /** Names in lower case. The key's value is replaced by `<right key>` or `<wrong key>`. */
  readonly headers: Readonly<Record<string, string>>;
  /** True as well when the server wants no key. */
  readonly hasRightKey: boolean;
  /** Parsed; the text as it came when it is not JSON. */
  readonly body: unknown;
  /** `null` when the request could not be understood: then `problem` says why. */
  readonly modelCall: ModelCall | null;
  /** What the maker finds wrong with it, `null` when it is sound. Known even when a fault hid it. */
  readonly problem: string | null;
  readonly fault: ProviderFault | null;
}
