import sharp from 'sharp';

/** How a terminal can show a picture. */
export type PictureMode = 'kitty' | 'iterm2' | 'sixel' | 'blocks' | 'none';

/** Half blocks: two pixels one above the other in each place of a character. */
const blockColumns = 80;
const pixelWidth = 640;
/** Bytes of base64 in one escape sequence of the kitty protocol. */
const kittyChunk = 4096;
/** Levels of each colour in the palette of a sixel picture: 216 colours of the 256 that most terminals have. */
const sixelLevels = 6;

/** By what the terminal says of itself; a terminal that is none gets no picture. */
export function pictureModeOf(
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): PictureMode {
  if (!isTerminal) return 'none';
  const term = env['TERM'] ?? '';
  const program = env['TERM_PROGRAM'] ?? '';
  // What shows the screen of another terminal shows no pictures of its own.
  const isNested = env['TMUX'] !== undefined || term.startsWith('screen');
  if (!isNested) {
    if (env['KITTY_WINDOW_ID'] !== undefined || term.includes('kitty') || program === 'ghostty')
      return 'kitty';
    if (['iTerm.app', 'WezTerm', 'mintty'].includes(program) || env['LC_TERMINAL'] === 'iTerm2')
      return 'iterm2';
    if (/^(?:foot|mlterm|contour)|sixel/.test(term)) return 'sixel';
  }
  return /truecolor|24bit/.test(env['COLORTERM'] ?? '') ? 'blocks' : 'none';
}

/** What, written to such a terminal, shows the picture, with a line end; `''` for none. */
export async function toTerminalPicture(jpeg: Uint8Array, mode: PictureMode): Promise<string> {
  switch (mode) {
    case 'none':
      return '';
    case 'kitty':
      return kitty(
        await sharp(jpeg).resize({ width: pixelWidth, withoutEnlargement: true }).png().toBuffer(),
      );
    case 'iterm2':
      return iterm2(jpeg);
    case 'sixel':
      return sixel(await pixelsOf(jpeg, pixelWidth));
    case 'blocks':
      return halfBlocks(await pixelsOf(jpeg, blockColumns));
    default:
      return mode satisfies never;
  }
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Three bytes each, row by row. */
  readonly rgb: Uint8Array;
}

async function pixelsOf(jpeg: Uint8Array, width: number): Promise<Pixels> {
  const { data, info } = await sharp(jpeg)
    .resize({ width, withoutEnlargement: true })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, rgb: data };
}

/** https://sw.kovidgoyal.net/kitty/graphics-protocol/ */
function kitty(png: Uint8Array): string {
  const text = Buffer.from(png).toString('base64');
  const chunks = text.match(new RegExp(`.{1,${kittyChunk}}`, 'g')) ?? [];
  const sequences = chunks.map((chunk, index) => {
    const control = index === 0 ? 'a=T,f=100,' : '';
    return `\u001B_G${control}m=${index === chunks.length - 1 ? 0 : 1};${chunk}\u001B\\`;
  });
  return `${sequences.join('')}\n`;
}

/** https://iterm2.com/documentation-images.html */
function iterm2(jpeg: Uint8Array): string {
  const text = Buffer.from(jpeg).toString('base64');
  return `\u001B]1337;File=inline=1;size=${jpeg.byteLength};width=${pixelWidth}px;preserveAspectRatio=1:${text}\u0007\n`;
}

/** DEC's format: bands of six rows, each colour of a band in a run of its own. */
function sixel({ width, height, rgb }: Pixels): string {
  const indexOf = (x: number, y: number): number => {
    const at = (y * width + x) * 3;
    const level = (offset: number): number => Math.round(((rgb[at + offset] ?? 0) / 255) * (sixelLevels - 1));
    return (level(0) * sixelLevels + level(1)) * sixelLevels + level(2);
  };
  const percent = (level: number): number => Math.round((level / (sixelLevels - 1)) * 100);
  const palette = Array.from({ length: sixelLevels ** 3 }, (_, index) => {
    const [red, green, blue] = [
      Math.floor(index / sixelLevels ** 2),
      Math.floor(index / sixelLevels) % sixelLevels,
      index % sixelLevels,
    ];
    return `#${index};2;${percent(red ?? 0)};${percent(green ?? 0)};${percent(blue ?? 0)}`;
  });
  const bands: string[] = [];
  for (let top = 0; top < height; top += 6) {
    const rows = new Map<number, Uint8Array>();
    for (let y = top; y < Math.min(height, top + 6); y += 1) {
      for (let x = 0; x < width; x += 1) {
        const colour = indexOf(x, y);
        const row = rows.get(colour) ?? new Uint8Array(width);
        rows.set(colour, row);
        row[x] = (row[x] ?? 0) | (1 << (y - top));
      }
    }
    bands.push([...rows].map(([colour, row]) => `#${colour}${runs(row)}`).join('$'));
  }
  return `\u001BP0;1q"1;1;${width};${height}${palette.join('')}${bands.join('-')}\u001B\\\n`;
}

/** Characters of a row of sixels, repeated ones counted. */
function runs(row: Uint8Array): string {
  let text = '';
  for (let start = 0; start < row.length;) {
    let end = start + 1;
    while (end < row.length && row[end] === row[start]) end += 1;
    const character = String.fromCharCode(63 + (row[start] ?? 0));
    text += end - start > 3 ? `!${end - start}${character}` : character.repeat(end - start);
    start = end;
  }
  return text;
}

function halfBlocks({ width, height, rgb }: Pixels): string {
  const colour = (x: number, y: number): string => {
    const at = (Math.min(y, height - 1) * width + x) * 3;
    return `${rgb[at] ?? 0};${rgb[at + 1] ?? 0};${rgb[at + 2] ?? 0}`;
  };
  let text = '';
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 1) {
      text += `\u001B[38;2;${colour(x, y)};48;2;${colour(x, y + 1)}m▀`;
    }
    text += '\u001B[0m\n';
  }
  return text;
}
