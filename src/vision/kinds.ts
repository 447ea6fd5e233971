/** What a track can be. The detector keeps these apart far better than it does the labels within them. */
export type Kind = 'person' | 'vehicle' | 'animal';

// The allow-list: a label that is neither here nor among the carried things is never mentioned. On cameras the others
// are mostly errors (a logo came out as `frisbee`, a car from above as `cell phone`). COCO knows no parcel, so no label
// stands for one.
const kindOfLabel: Readonly<Record<string, Kind>> = {
  person: 'person',
  bicycle: 'vehicle',
  car: 'vehicle',
  motorcycle: 'vehicle',
  bus: 'vehicle',
  truck: 'vehicle',
  bird: 'animal',
  cat: 'animal',
  dog: 'animal',
  horse: 'animal',
  sheep: 'animal',
  cow: 'animal',
  elephant: 'animal',
  bear: 'animal',
  zebra: 'animal',
  giraffe: 'animal',
};

/** Mentioned only with a person who carries them. */
const carriedLabels: ReadonlySet<string> = new Set(['backpack', 'handbag', 'suitcase', 'umbrella']);

/** `undefined`: not mentioned by itself. */
export function kindOf(label: string): Kind | undefined {
  return kindOfLabel[label];
}

export function isCarried(label: string): boolean {
  return carriedLabels.has(label);
}
