/**
 * The 80 classes of COCO (Lin et al. 2014) at the numbers that the dataset gives them, less one, as the model
 * answers them: 90 slots, ten of which the published dataset leaves empty.
 */
// prettier-ignore
const slots: readonly (string | null)[] = [
  'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat', 'traffic light',
  'fire hydrant', null, 'stop sign', 'parking meter', 'bench', 'bird', 'cat', 'dog', 'horse', 'sheep',
  'cow', 'elephant', 'bear', 'zebra', 'giraffe', null, 'backpack', 'umbrella', null, null,
  'handbag', 'tie', 'suitcase', 'frisbee', 'skis', 'snowboard', 'sports ball', 'kite', 'baseball bat', 'baseball glove',
  'skateboard', 'surfboard', 'tennis racket', 'bottle', null, 'wine glass', 'cup', 'fork', 'knife', 'spoon',
  'bowl', 'banana', 'apple', 'sandwich', 'orange', 'broccoli', 'carrot', 'hot dog', 'pizza', 'donut',
  'cake', 'chair', 'couch', 'potted plant', 'bed', null, 'dining table', null, null, 'toilet',
  null, 'tv', 'laptop', 'mouse', 'remote', 'keyboard', 'cell phone', 'microwave', 'oven', 'toaster',
  'sink', 'refrigerator', null, 'book', 'clock', 'vase', 'scissors', 'teddy bear', 'hair drier', 'toothbrush',
];

export const cocoLabels: readonly string[] = slots.filter((label) => label !== null);

/** `undefined` for an empty slot and for numbers outside the list. */
export function cocoLabel(slot: number): string | undefined {
  return slots[slot] ?? undefined;
}
