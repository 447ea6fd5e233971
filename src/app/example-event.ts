import sharp from 'sharp';
import type { Detection } from '../core/event.ts';
import type { Box } from '../core/geometry.ts';
import type { DescribeFrame, DescribeInput } from '../vision/vision-provider.ts';

const width = 1280;
const height = 720;
const jpegQuality = 85;
const msBetweenFrames = 700;

/**
 * An event that never was, for trying providers out and for estimating what they cost: a drawn person walks past a red car
 * to the door of a house.
 *
 * @param frameCount 1–6; the person is further on in each
 * @param startedAt epoch ms
 */
export async function makeExampleEvent(
  eventId: string,
  frameCount: number,
  startedAt: number,
): Promise<DescribeInput> {
  const places = Array.from({ length: frameCount }, (_, index) => 300 + index * 110);
  const frames = await Promise.all(
    places.map(async (x, index): Promise<DescribeFrame> => ({
      capturedAt: startedAt + index * msBetweenFrames,
      jpeg: await sharp(Buffer.from(drawScene(x)))
        .jpeg({ quality: jpegQuality })
        .toBuffer(),
      regions: [{ box: walkerBox(x), area: 0.02 }],
    })),
  );
  const detection: Detection = { label: 'person', score: 0.8, box: walkerBox(places.at(-1) ?? 0) };
  return {
    eventId,
    cameraId: 'example',
    cameraName: 'Example (a drawing)',
    startedAt,
    frames,
    bestCapturedAt: startedAt + (frameCount - 1) * msBetweenFrames,
    motion: null,
    isLocalOnly: false,
    hints: { detections: [detection], sentence: 'A person walks to the right.' },
  };
}

function walkerBox(x: number): Box {
  return [(x - 40) / width, 400 / height, 80 / width, 230 / height];
}

function drawScene(walkerX: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="1280" height="720" fill="#9fc4e8"/>
    <rect y="430" width="1280" height="290" fill="#7d9a5b"/>
    <rect y="560" width="1280" height="90" fill="#b8b2a6"/>
    <rect x="820" y="200" width="380" height="300" fill="#d9c6a3"/>
    <path d="M790 210 L1010 90 L1230 210 Z" fill="#8a4b38"/>
    <rect x="960" y="330" width="90" height="170" fill="#5a3a22"/>
    <circle cx="1035" cy="420" r="5" fill="#e5c95a"/>
    <rect x="850" y="270" width="70" height="70" fill="#cfe6f5" stroke="#555" stroke-width="4"/>
    <rect x="1095" y="270" width="70" height="70" fill="#cfe6f5" stroke="#555" stroke-width="4"/>
    <path d="M60 540 q20 -70 90 -75 h110 q60 5 80 75 z" fill="#c0262d"/>
    <rect x="40" y="530" width="330" height="60" rx="18" fill="#c0262d"/>
    <circle cx="110" cy="590" r="34" fill="#222"/><circle cx="300" cy="590" r="34" fill="#222"/>
    <g transform="translate(${walkerX} 0)">
      <circle cx="0" cy="425" r="25" fill="#e0b190"/>
      <rect x="-26" y="450" width="52" height="95" rx="14" fill="#27408b"/>
      <path d="M-12 540 L-30 625 M12 540 L32 625" stroke="#333" stroke-width="18" stroke-linecap="round"/>
      <rect x="22" y="490" width="38" height="30" fill="#a5763f"/>
    </g>
  </svg>`;
}
