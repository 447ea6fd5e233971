/** What was asked of a track when it was last judged, and how it stood: the moment of its confirmation once that has come. */
export interface Judgement {
  /** Frames in which it had to be found, and what asks for more than usual. */
  needed: number;
  frameGuard: 'brief' | 'clutter' | 'fast' | 'flicker';
  /** Share of the frames of its life in which it was found. */
  presence: number;
  /** Cells of it that changed, on average, and the least. */
  busyCells: number;
  leastBusyCells: number;
  /** Cells from where it was first seen that it had to go. */
  leastReach: number;
  /** Way to where it is, straight ÷ as it went, and the least. */
  straightness: number;
  leastStraightness: number;
  /** It counts since it grew, not since it went. */
  isGrowing: boolean;
  /** Cells on the side of a square of its size, more than when it was first seen. */
  growth: number;
}

/** What is followed from frame to frame. Lengths in cells, times in ms of the stream. */
export interface Track extends Judgement {
  isUsed: boolean;
  /** Counts the tracks; a later one in the same place has another. */
  id: number;
  /** It has moved like a subject. */
  isConfirmed: boolean;
  x: number;
  y: number;
  /** Cells per frame. */
  velocityX: number;
  velocityY: number;
  area: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Where and how large it was when first seen. */
  birthX: number;
  birthY: number;
  birthArea: number;
  bornAt: number;
  /** Frames in which a region was found for it. */
  hits: number;
  /** Frames in row without. */
  misses: number;
  /** Frames since it was first seen, with and without. */
  frames: number;
  lastSeenAt: number;
  /** Where it was when it last moved on, and how long its way from anchor to anchor is. */
  anchorX: number;
  anchorY: number;
  anchorArea: number;
  path: number;
  lastMovedAt: number;
  /** Farthest from where it was first seen. */
  reach: number;
  /** For the clutter that it is when it was nothing. */
  energy: number;
  touchedEdge: boolean;
  /** It was bright and fast for its size when it was last judged. */
  isInsectLike: boolean;
  /** Share of its cells that differ from 0.6 s before, lately. */
  activity: number;
  /** The region of this frame; -1 for none. */
  region: number;
}

export function emptyTrack(): Track {
  return {
    isUsed: false,
    id: 0,
    isConfirmed: false,
    x: 0,
    y: 0,
    velocityX: 0,
    velocityY: 0,
    area: 0,
    left: 0,
    top: 0,
    right: 0,
    bottom: 0,
    birthX: 0,
    birthY: 0,
    birthArea: 0,
    bornAt: 0,
    hits: 0,
    misses: 0,
    frames: 0,
    lastSeenAt: 0,
    anchorX: 0,
    anchorY: 0,
    anchorArea: 0,
    path: 0,
    lastMovedAt: 0,
    reach: 0,
    energy: 0,
    touchedEdge: false,
    isInsectLike: false,
    activity: 0,
    region: -1,
    needed: 0,
    frameGuard: 'brief',
    presence: 1,
    busyCells: 0,
    leastBusyCells: 3,
    leastReach: 0,
    straightness: 1,
    leastStraightness: 0.5,
    isGrowing: false,
    growth: 0,
  };
}
