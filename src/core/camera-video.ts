/** The camera's own video, packed anew without being coded anew. Only H.264 and H.265 can be played by browsers. */

/** A stretch of the camera's video that is to be written as an MP4 file while it happens. */
export interface ClipOrder {
  /** Absolute; whoever orders the clip removes the file when it failed or was discarded. */
  readonly path: string;
  /** Begins with the key frame at or before this moment, epoch ms, or with the oldest one that is still kept. */
  readonly from: number;
  /** Ends after so long at the latest, ms. */
  readonly maxMs: number;
}

/** A clip under way. */
export interface ClipRecording {
  /** Its last picture is that of this moment, epoch ms; it may lie ahead. */
  endAt(time: number): void;
  /** Nobody wants it any more. */
  discard(): void;
  /** Never rejects. A stream that ends in the middle ends its clips, which are then as good as any other. */
  readonly done: Promise<ClipOutcome>;
}

export type ClipOutcome =
  | {
      readonly kind: 'written';
      /** Of the first and the last picture, epoch ms. */
      readonly startedAt: number;
      readonly endedAt: number;
      readonly sizeBytes: number;
      /** As FFmpeg names it. */
      readonly codec: string;
      /** Pixels. */
      readonly width: number;
      readonly height: number;
    }
  | { readonly kind: 'failed'; readonly reason: ClipFailure; readonly message: string }
  | { readonly kind: 'discarded' };

/**
 * Why there is no clip. `codec_not_playable`: browsers can't play the camera's format in an MP4 file; `too_slow`: the
 * disk did not keep up; `interrupted`: Vedette ended in the middle.
 */
export const clipFailures = [
  'codec_not_playable',
  'no_video',
  'disk_full',
  'write_failed',
  'too_slow',
  'media_host_lost',
  'interrupted',
] as const;

export type ClipFailure = (typeof clipFailures)[number];

/** What a viewer of the live view is handed, in order: an `init`, then the `media` that follow it. */
export type LiveChunk =
  /** The video begins, or begins anew with another format: what came before it goes on no further. */
  | {
      readonly kind: 'init';
      /** With its codecs, as a browser's `MediaSource` wants it. */
      readonly mimeType: string;
      /** Of the first picture: what is 0 on the time line of the media, epoch ms. */
      readonly startedAt: number;
      readonly bytes: Uint8Array;
    }
  /** One picture: a fragment (`moof` and `mdat`). */
  | { readonly kind: 'media'; readonly isKeyframe: boolean; readonly bytes: Uint8Array };
