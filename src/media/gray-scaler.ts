import {
  AV_PIX_FMT_GRAY8,
  AVCOL_PRI_UNSPECIFIED,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_UNSPECIFIED,
  AVCOL_TRC_UNSPECIFIED,
} from 'node-av/constants';
import { Frame, SoftwareScaleContext } from 'node-av/lib';
import { analysisGrain, PrivacyMask } from '../core/privacy-mask.ts';
import type { StreamRequest } from '../core/camera-source.ts';
import { displayAspect, grayDimensions, type Dimensions } from './picture-dimensions.ts';

export interface GrayPicture extends Dimensions {
  readonly gray: Uint8Array<ArrayBuffer>;
}

/** Makes the small gray pictures for motion analysis. One frame at a time. */
export class GrayScaler implements Disposable {
  /** Adapts itself when the stream changes its size or format in the middle. */
  readonly #scaler = new SoftwareScaleContext();
  readonly #mask: PrivacyMask;
  #target: Frame | undefined;

  /** @param masks blackened in every picture */
  constructor(masks: StreamRequest['masks']) {
    this.#mask = new PrivacyMask(masks, analysisGrain);
    this.#scaler.allocContext();
    // The mean of the area that each pixel stands for: less noise than a few samples of it, and cheap.
    this.#scaler.setOption('sws_flags', 'area');
  }

  /**
   * @param frame keeps its picture, loses its colour tags
   * @returns its pixels are overwritten by the next one; `undefined` for a picture of a size that damage must have made up
   */
  scale(frame: Frame): GrayPicture | undefined {
    const { width, height } = grayDimensions(frame, displayAspect(frame, frame.sampleAspectRatio));
    // With a matrix or transfer function named, the luma would be converted for the gray format, which has none.
    frame.colorSpace = AVCOL_SPC_UNSPECIFIED;
    frame.colorPrimaries = AVCOL_PRI_UNSPECIFIED;
    frame.colorTrc = AVCOL_TRC_UNSPECIFIED;
    const target = this.#targetOf(width, height);
    // 0.4 ms for 1080p: less than the way to another thread and back costs.
    const scaled = this.#scaler.scaleFrameSync(target, frame);
    if (scaled < 0) return undefined;
    const pixels = target.data?.[0];
    if (pixels === undefined || !(pixels.buffer instanceof ArrayBuffer))
      throw new Error('a picture has no pixels');
    const gray = new Uint8Array(pixels.buffer, pixels.byteOffset, width * height);
    this.#mask.blacken(gray, width, height, 1);
    return { width, height, gray };
  }

  /** Its rows stand one right after the other. */
  #targetOf(width: number, height: number): Frame {
    const present = this.#target;
    if (present?.width === width && present.height === height) return present;
    present?.free();
    const target = new Frame();
    this.#target = target;
    target.alloc();
    target.format = AV_PIX_FMT_GRAY8;
    target.width = width;
    target.height = height;
    target.colorRange = AVCOL_RANGE_JPEG;
    const allocated = target.getBuffer(1);
    if (allocated < 0) throw new Error(`no memory for a picture of ${width} × ${height}`);
    return target;
  }

  [Symbol.dispose](): void {
    this.#scaler.freeContext();
    this.#target?.free();
  }
}
