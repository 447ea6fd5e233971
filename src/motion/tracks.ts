import type { Clutter } from './clutter.ts';
import type { CellRegion } from './regions.ts';
import { emptyTrack, type Track } from './track.ts';

const maxTracks = 48;
/** Tracks that begin in one frame without being a burst. */
const burstBirths = 7;
/** Tracks that begin in a frame below which the scene is calm: one in four seconds, so that a newcomer is hardly mistaken for another. */
const calmBirths = 0.05;
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
/**
 * Share of dark cells below which what is fast is taken for an insect, a drop or a flake: those are seen since they are lit, so they
 * are brighter than what is behind them. Vehicles and people have dark parts, or a shadow.
 */
const leastDarkShare = 0.25;
/** Where so many insects were seen lately, the next bright thing is one, too, unless it stays for as many frames more: most are gone by then. */
const swarmSize = 0.7;
const swarmFrames = 5;
const swarmMemorySeconds = 60;
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
  /** Insects that were seen lately. */
  #swarm = 0;

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
    this.#swarm *= Math.exp(-this.#frameSeconds / swarmMemorySeconds);
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
    const own =
      track.hits < 2
        ? 3 + (this.#usualBirths < calmBirths ? 3 : 1.8) * size
        : track.hits < 3
          ? 3 + 0.8 * size
          : 2 + 0.5 * size;
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
    if (track.isInsectLike && time - track.bornAt < 5000) this.#swarm += 1;
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
    track.isInsectLike = false;
    track.needed = leastHits;
    track.leastReach = leastTravel;
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
    const isLit = region.darkShare < leastDarkShare;
    const fastHits = isFast ? (isLit || hits > leastHits ? 3 : 1) : 0;
    const swarmHits = isLit && this.#swarm > swarmSize ? swarmFrames : 0;
    track.isInsectLike = isFast && isLit;
    track.needed = hits + fastHits + flickerHits + swarmHits;
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
