import { h } from './dom.js';

const space = 'http://www.w3.org/2000/svg';
/** The same marks as in the legend. */
const kinds = [
  ['include', 'Motion counts in'],
  ['exclude', 'Motion is ignored in'],
  ['mask', 'Privacy mask'],
];

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * Polygons to lay over a picture that is shown whole: where its box has room beside the picture, they leave it free too.
 *
 * @param {string} className
 * @param {{ kind: string, name?: string, points: [number, number][] }[]} shapes points are shares of the picture
 * @param {{ width: number, height: number } | undefined} size pixels of the picture; without it the box is the picture
 */
export function drawShapes(className, shapes, size) {
  const { width, height } = size ?? { width: 1, height: 1 };
  const place = ([x, y]) => `${x * width},${y * height}`;
  return svg(
    'svg',
    {
      class: className,
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: size === undefined ? 'none' : 'xMidYMid meet',
      'aria-hidden': 'true',
    },
    ...shapes.map(({ kind, points }) => svg('polygon', { class: kind, points: points.map(place).join(' ') })),
    ...shapes
      .filter(({ name }) => size !== undefined && name !== undefined)
      .map(({ name, points }) => {
        const mean = (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
        return svg(
          'text',
          { x: mean(0) * width, y: mean(1) * height, 'font-size': width / 64, 'text-anchor': 'middle' },
          name,
        );
      }),
  );
}

/** What of a camera's settings can be drawn; empty where motion counts everywhere and everything may be seen. */
export function shapesOf({ zones, privacy }) {
  return [...zones, ...privacy.masks.map((points) => ({ kind: 'mask', points }))];
}

/**
 * What the shapes mean, and a switch that hides them.
 *
 * @param {ReturnType<typeof shapesOf>} shapes
 * @param {boolean} isShown
 * @param {(isShown: boolean) => void} onSwitch
 */
export function zoneLegend(shapes, isShown, onSwitch) {
  const entries = kinds.flatMap(([kind, text]) => {
    const own = shapes.filter((shape) => shape.kind === kind);
    if (own.length === 0) return [];
    const names = own.flatMap(({ name }) => (name === undefined ? [] : [name])).join(', ');
    return [h('li', { class: kind }, names === '' ? text : `${text}: ${names}`)];
  });
  return h(
    'div',
    { class: 'stage-bar zone-bar' },
    h('ul', { class: 'zone-legend' }, ...entries),
    h(
      'label',
      { class: 'marks-switch' },
      h('input', { type: 'checkbox', checked: isShown, onchange: ({ target }) => onSwitch(target.checked) }),
      'Show zones',
    ),
  );
}
