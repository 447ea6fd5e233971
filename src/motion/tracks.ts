import type { Clutter } from './clutter.ts';
import type { CellRegion } from './regions.ts';

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
  /** Share of its cells that differ from 0.6 s before, lately. */
  activity: number;
  /** The region of this frame; -1 for none. */
  region: number;
}

const maxTracks = 48;
/** Tracks that begin in one frame without being a burst. */
const burstBirths = 7;
/** Milliseconds that a track may go unseen. */
const maxUnseenMs = 700;
/** Frames in which a subject must be found before it counts, when the scene is without clutter. */
const leastHits = 3;
/** Share of the frames of its life in which a subject was found. */
export const leastPresence = 0.7;
/** Cells that it must have gone from where it was first seen. */
const leastTravel = 2.5;
/** Steps of this share of its own size a frame are fast: insects and flakes near the lens, or vehicles. */
const fastSteps = 0.5;
/** Changes per second of a region's cells that a subject brings about by coming. */
const passingFlicker = 0.12;
/** Changes per second of a region's cells above which it lies in something that swings. */
export const swingingFlicker = 0.3;
/** Cells that a subject must go where things swing. */
export const travelAmongSwinging = 9;
/** Cells that a subject which comes towards the camera must grow. */
export const leastGrowth = 1.5 * leastTravel;

export interface TrackSurroundings {
  readonly clutter: Clutter;
  /** Of the picture, cells. */
  readonly width: number;
  readonly height: number;
  readonly frameSeconds: number;
}

/** Follows regions. A subject goes along a path; a leaf swings, a drop is there once. */
export class Tracker {
  readonly #tracks: Track[] = [];
  #tracksMade = 0;
  /** Tracks that begin in a frame, lately. */
  #usualBirths = 0;
  readonly #taken = new Uint8Array(64);
  readonly #surroundings: TrackSurroundings;
  /** Above 1 when frames are so rare that subjects go far between them. */
  #pace = 1;
  /** Between frames that are judged, lately: what a camera delivers is not always what it is asked for. */
  #frameSeconds: number;
  #lastTime = Number.NaN;

  constructor(surroundings: TrackSurroundings) {
    this.#surroundings = surroundings;
    this.#frameSeconds = surroundings.frameSeconds;
    for (let i = 0; i < maxTracks; i += 1) this.#tracks.push(emptyTrack());
  }

  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  clear(): void {
    for (const track of this.#tracks) track.isUsed = false;
    this.#lastTime = Number.NaN;
  }

  /**
   * @param isCandidate regions that may belong to a subject; cleared for those that turn out not to
   * @param time ms of the stream
   * @param isSuspicious nothing new is to be followed
   */
  update(regions: readonly CellRegion[], isCandidate: Uint8Array, time: number, isSuspicious: boolean): void {
    this.#taken.fill(0);
    this.#measurePace(time);
    // The longer a track has been followed, the earlier it chooses.
    // oxlint-disable-next-line unicorn/no-array-sort -- in place: nothing is allocated per frame
    this.#tracks.sort((a, b) => b.hits - a.hits);
    for (const track of this.#tracks) {
      track.region = -1;
      if (!track.isUsed) continue;
      track.frames += 1;
      const found = this.#nearest(track, regions, isCandidate);
      const region = regions[found];
      if (region === undefined) this.#miss(track, time);
      else {
        this.#taken[found] = 1;
        track.region = found;
        this.#follow(track, region, time);
      }
    }
    this.#beginNew(regions, isCandidate, time, isSuspicious);
  }

  #measurePace(time: number): void {
    const passed = (time - this.#lastTime) / 1000;
    this.#lastTime = time;
    // NaN compares false. A gap is none of the camera's rate.
    if (passed > 0 && passed <= 1) this.#frameSeconds += 0.1 * (passed - this.#frameSeconds);
    this.#pace = Math.min(4, Math.max(1, this.#frameSeconds / 0.2));
  }

  /** Subjects come one by one. When much appears at once, the codec or the light has changed: it is no candidate. */
  #beginNew(
    regions: readonly CellRegion[],
    isCandidate: Uint8Array,
    time: number,
    isSuspicious: boolean,
  ): void {
    let births = 0;
    for (let i = 0; i < regions.length; i += 1) {
      if (isCandidate[i] === 1 && this.#taken[i] === 0) births += 1;
    }
    const isBurst = isSuspicious || births > burstBirths + 2.5 * this.#usualBirths;
    const share = Math.min(0.5, this.#frameSeconds / 5);
    this.#usualBirths += share * (Math.min(births, 2 * this.#usualBirths + 2) - this.#usualBirths);
    for (let i = 0; i < regions.length; i += 1) {
      const region = regions[i];
      if (region === undefined || isCandidate[i] === 0 || this.#taken[i] === 1) continue;
      if (isBurst) isCandidate[i] = 0;
      else this.#begin(region, i, time);
    }
  }

  #nearest(track: Track, regions: readonly CellRegion[], isCandidate: Uint8Array): number {
    const steps = track.misses + 1;
    const expectedX = track.x + (track.misses === 0 ? track.velocityX : 0);
    const expectedY = track.y + (track.misses === 0 ? track.velocityY : 0);
    const size = Math.sqrt((track.right - track.left + 1) * (track.bottom - track.top + 1));
    // A newcomer's speed is unknown; the longer it is followed, the better its next place is known.
    const own = track.hits < 2 ? 3 + 1.8 * size : track.hits < 3 ? 3 + 0.8 * size : 2 + 0.5 * size;
    const reach = own * Math.sqrt(steps) * this.#pace;
    const maxRatio = track.hits < 3 ? 6 : 3.5;
    let best = -1;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let i = 0; i < regions.length; i += 1) {
      const region = regions[i];
      if (region === undefined || isCandidate[i] === 0 || this.#taken[i] === 1) continue;
      const distance = Math.hypot(region.x - expectedX, region.y - expectedY);
      const isInside =
        expectedX >= region.left &&
        expectedX <= region.right &&
        expectedY >= region.top &&
        expectedY <= region.bottom;
      if (distance > reach && !isInside) continue;
      const ratio = region.area > track.area ? region.area / track.area : track.area / region.area;
      if (ratio > maxRatio && !isInside) continue;
      const cost = distance / reach + 0.3 * Math.log(ratio);
      if (cost < bestCost) {
        bestCost = cost;
        best = i;
      }
    }
    return best;
  }

  #miss(track: Track, time: number): void {
    track.misses += 1;
    track.x += track.velocityX;
    track.y += track.velocityY;
    const limit = track.hits < 2 ? maxUnseenMs / 3 : maxUnseenMs;
    if (time - track.lastSeenAt <= limit) return;
    track.isUsed = false;
    // A subject leaves at the edge or is gone for good after a while; what vanishes in the middle at once was none.
    const isBrief = track.lastSeenAt - track.bornAt < 1500 && !track.touchedEdge;
    if (!track.isConfirmed || isBrief) {
      this.#surroundings.clutter.add(track.x, track.y, track.area, track.energy, track.hits);
    }
  }

  #begin(region: CellRegion, index: number, time: number): void {
    const track = this.#tracks.find((candidate) => !candidate.isUsed);
    if (track === undefined) return;
    this.#tracksMade += 1;
    track.id = this.#tracksMade;
    track.isUsed = true;
    track.isConfirmed = false;
    track.velocityX = 0;
    track.velocityY = 0;
    track.area = region.area;
    track.birthX = region.x;
    track.birthY = region.y;
    track.birthArea = region.area;
    track.bornAt = time;
    track.hits = 1;
    track.frames = 1;
    track.path = 0;
    track.reach = 0;
    track.energy = region.energy;
    track.touchedEdge = false;
    track.activity = region.activity;
    track.region = index;
    this.#settle(track, region, time);
    anchor(track, region, time);
  }

  #follow(track: Track, region: CellRegion, time: number): void {
    const steps = track.misses + 1;
    const stepX = (region.x - (track.x - track.misses * track.velocityX)) / steps;
    const stepY = (region.y - (track.y - track.misses * track.velocityY)) / steps;
    const share = track.hits === 1 ? 1 : 0.5;
    track.velocityX += share * (stepX - track.velocityX);
    track.velocityY += share * (stepY - track.velocityY);
    track.area += 0.5 * (region.area - track.area);
    track.hits += 1;
    track.energy += region.energy;
    track.activity += 0.3 * (region.activity - track.activity);
    this.#settle(track, region, time);
    const size = Math.sqrt((track.right - track.left + 1) * (track.bottom - track.top + 1));
    const moved = Math.hypot(region.x - track.anchorX, region.y - track.anchorY);
    const grown = Math.sqrt(region.area) - Math.sqrt(track.anchorArea);
    if (moved > 1 + 0.04 * size || Math.abs(grown) > 1 + 0.08 * size) {
      track.path += moved;
      anchor(track, region, time);
    }
    const travel = Math.hypot(region.x - track.birthX, region.y - track.birthY);
    track.reach = Math.max(track.reach, travel);
    const isSwinging = region.flicker > swingingFlicker;
    if (track.isConfirmed) {
      if (isSwinging && track.reach < travelAmongSwinging) track.isConfirmed = false;
      return;
    }
    track.isConfirmed = this.#movesLikeASubject(track, region, travel, isSwinging, time);
  }

  #movesLikeASubject(
    track: Track,
    region: CellRegion,
    travel: number,
    isSwinging: boolean,
    time: number,
  ): boolean {
    const hits = this.#surroundings.clutter.requiredHits(track.area, leastHits);
    const size = Math.sqrt((track.right - track.left + 1) * (track.bottom - track.top + 1));
    const isFast = Math.hypot(track.velocityX, track.velocityY) > fastSteps * size * this.#pace;
    const restless = Math.max(0, region.flicker - passingFlicker);
    const flickerHits = Math.min(3, Math.ceil(restless * 10));
    track.needed = hits + (isFast ? 3 : 0) + flickerHits;
    track.frameGuard = hits > leastHits ? 'clutter' : isFast ? 'fast' : flickerHits > 0 ? 'flicker' : 'brief';
    // A chain of chance finds has holes.
    track.presence = track.hits / track.frames;
    // What was pressed differently by the codec, or is being absorbed, changes its shape without being busy.
    track.busyCells = track.activity * region.area;
    track.leastBusyCells = Math.max(3, 0.08 * region.area);
    track.leastReach = Math.min(travelAmongSwinging, leastTravel + 25 * restless);
    track.straightness = travel / Math.max(1, track.path);
    track.leastStraightness = isFast ? 0.88 : 0.5;
    track.growth = Math.sqrt(region.area) - Math.sqrt(track.birthArea);
    // It comes towards the camera.
    track.isGrowing =
      travel < track.leastReach &&
      !isSwinging &&
      !isFast &&
      track.hits > track.needed &&
      track.growth >= leastGrowth;
    if (track.hits < track.needed || time - track.bornAt < (track.needed - 1) * 130) return false;
    if (track.presence < leastPresence || track.busyCells < track.leastBusyCells) return false;
    if (travel >= track.leastReach) return track.straightness >= track.leastStraightness;
    return track.isGrowing;
  }

  #settle(track: Track, region: CellRegion, time: number): void {
    track.x = region.x;
    track.y = region.y;
    track.left = region.left;
    track.top = region.top;
    track.right = region.right;
    track.bottom = region.bottom;
    track.misses = 0;
    track.lastSeenAt = time;
    const { width, height } = this.#surroundings;
    if (region.left <= 1 || region.top <= 1 || region.right >= width - 2 || region.bottom >= height - 2) {
      track.touchedEdge = true;
    }
  }
}

function anchor(track: Track, region: CellRegion, time: number): void {
  track.anchorX = region.x;
  track.anchorY = region.y;
  track.anchorArea = region.area;
  track.lastMovedAt = time;
}

function emptyTrack(): Track {
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
    activity: 0,
    region: -1,
    needed: leastHits,
    frameGuard: 'brief',
    presence: 1,
    busyCells: 0,
    leastBusyCells: 3,
    leastReach: leastTravel,
    straightness: 1,
    leastStraightness: 0.5,
    isGrowing: false,
    growth: 0,
  };
}
