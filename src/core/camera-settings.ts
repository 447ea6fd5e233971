/** Corners of a polygon, each 0..1 of the picture, origin at the top left; the last one joins the first. */
export type Polygon = readonly (readonly [x: number, y: number])[];

/**
 * A part of the picture. As soon as one zone is an `include`, only motion that overlaps one of those counts; motion that
 * lies in an `exclude` never does.
 */
export interface Zone {
  /** Unique within the camera. */
  readonly name: string;
  readonly kind: 'include' | 'exclude';
  readonly points: Polygon;
}

/** When a camera's motion makes events; outside it the camera is watched too, so that its background stays fresh. */
export interface Schedule {
  /** IANA name. */
  readonly timeZone: string;
  /** 1 = Monday … 7 = Sunday: the days on which a range begins. Empty for every day. */
  readonly daysOfWeek: readonly number[];
  /** Empty for all day. */
  readonly timeRanges: readonly TimeRange[];
}

/** Local times `HH:MM`, the end exclusive; one that ends before it begins, or as it begins, goes on into the next day. */
export interface TimeRange {
  readonly start: string;
  readonly end: string;
}

/** The recording around an event. */
export interface ClipSettings {
  readonly isEnabled: boolean;
  /** Before the first motion, 0–30,000. */
  readonly beforeMs: number;
  /** After the last one, 0–30,000. */
  readonly afterMs: number;
}

/** The camera's own motion events, over ONVIF. */
export interface OnvifSettings {
  /** Address of its device service; `null` for the standard path at the camera's own host. */
  readonly url: string | null;
  /** `assist`: its motion makes an event where Vedette's own saw none. `replace`: only its motion makes events. */
  readonly nativeEvents: 'off' | 'assist' | 'replace';
}

/**
 * What is decoded for motion analysis. `full`: everything. `keyframes`: in a still scene key frames only, everything as soon
 * as the sizes of the coded frames jump. `auto`: the same, once the stream has proved that its sizes tell of motion.
 */
export const decodeModes = ['auto', 'full', 'keyframes'] as const;
export type DecodeMode = (typeof decodeModes)[number];

/** What a camera can have beside its address; each with a value that leaves the camera as it is without it. */
export interface CameraSettings {
  /**
   * Address of the small stream of the same picture, without credentials: it is analysed, and pictures and clips come from
   * the packets of the large one. `null` where there is only one stream.
   */
  readonly subUrl: string | null;
  /** At most 10. */
  readonly zones: readonly Zone[];
  /** `null` for always. */
  readonly schedule: Schedule | null;
  /** Blackened in every picture that is stored, shown or sent; at most 20. */
  readonly privacyMasks: readonly Polygon[];
  readonly clip: ClipSettings;
  readonly onvif: OnvifSettings;
  readonly decode: DecodeMode;
  /**
   * Of its motion events those count in which one of these was recognised; the others are kept and described, and nobody is
   * told of them. A kind (`person`, `vehicle`, `animal`) stands for all its labels. Empty: all count.
   */
  readonly labels: readonly string[];
  /** Days that its events are kept, 0 for ever; `null` for as long as those of all cameras. */
  readonly retentionDays: number | null;
}

export const defaultCameraSettings: CameraSettings = {
  subUrl: null,
  zones: [],
  schedule: null,
  privacyMasks: [],
  clip: { isEnabled: false, beforeMs: 5000, afterMs: 5000 },
  onvif: { url: null, nativeEvents: 'off' },
  decode: 'auto',
  labels: [],
  retentionDays: null,
};
