import {
  AV_PIX_FMT_GRAY8,
  AVCOL_PRI_UNSPECIFIED,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_UNSPECIFIED,
  AVCOL_TRC_UNSPECIFIED,
} from 'node-av/constants';
import { Frame, SoftwareScaleContext } from 'node-av/lib';
import { displayAspect, grayDimensions, type Dimensions } from './picture-dimensions.ts';

export interface GrayPicture extends Dimensions {
  readonly gray: Uint8Array<ArrayBuffer>;
}

/** Makes the small gray pictures for motion analysis. One frame at a time. */
export class GrayScaler implements Disposable {
  #scaler: SoftwareScaleContext | undefined;
  /** What the scaler was made for: it is made anew when the stream changes in the middle. */
  #madeFor = '';

  /** @param frame keeps its picture, loses its colour tags */
  async scale(frame: Frame): Promise<GrayPicture> {
    const { width, height } = grayDimensions(frame, displayAspect(frame, frame.sampleAspectRatio));
    // With a matrix or transfer function named, the luma would be converted for the gray format, which has none.
    frame.colorSpace = AVCOL_SPC_UNSPECIFIED;
    frame.colorPrimaries = AVCOL_PRI_UNSPECIFIED;
    frame.colorTrc = AVCOL_TRC_UNSPECIFIED;
    const scaler = this.#scalerFor(frame);
    using target = new Frame();
    target.alloc();
    target.format = AV_PIX_FMT_GRAY8;
    target.width = width;
    target.height = height;
    target.colorRange = AVCOL_RANGE_JPEG;
    const allocated = target.getBuffer(0);
    if (allocated < 0) throw new Error(`no memory for a picture of ${width} × ${height}`);
    const scaled = await scaler.scaleFrame(target, frame);
    if (scaled < 0) throw new Error(`scaling ${frame.width} × ${frame.height} failed (${scaled})`);
    return { width, height, gray: new Uint8Array(target.toBuffer()) };
  }

  [Symbol.dispose](): void {
    this.#scaler?.freeContext();
    this.#scaler = undefined;
  }

  #scalerFor(frame: Frame): SoftwareScaleContext {
    const key = `${frame.width} ${frame.height} ${frame.format} ${frame.colorRange}`;
    if (this.#scaler !== undefined && this.#madeFor === key) return this.#scaler;
    this.#scaler?.freeContext();
    const scaler = new SoftwareScaleContext();
    scaler.allocContext();
    // The mean of the area that each pixel stands for: less noise than a few samples of it, and cheap.
    scaler.setOption('sws_flags', 'area');
    this.#scaler = scaler;
    this.#madeFor = key;
    return scaler;
  }
}
