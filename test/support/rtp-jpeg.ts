/** RTP payloads of JPEG (RFC 2435). Its receivers know the usual Huffman tables only, so the pictures must have those. */

/** What fits into an Ethernet frame beside the IP, UDP and RTP headers and that of the payload, with room to spare. */
const maxScanBytes = 1_200;

/** Two colour components at half the size each way, as yuv420p has them. */
const type420 = 1;
/** The quantisation tables come with each picture. */
const tablesInBand = 255;

interface JpegParts {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Of brightness and of colour, 64 bytes each. */
  readonly tables: Buffer;
  /** From behind the header of the scan to before the end marker. */
  readonly scan: Buffer;
}

/** The payloads of one picture; the last one carries the marker. */
export function packetiseJpeg(jpeg: Buffer): Buffer[] {
  const { width, height, tables, scan } = takeApart(jpeg);
  const payloads: Buffer[] = [];
  for (let offset = 0; offset < scan.length; offset += maxScanBytes) {
    const header = Buffer.alloc(8);
    header.writeUIntBE(offset, 1, 3);
    header[4] = type420;
    header[5] = tablesInBand;
    header[6] = Math.ceil(width / 8);
    header[7] = Math.ceil(height / 8);
    const tableHeader = Buffer.of(0, 0, 0, tables.length);
    const parts = offset === 0 ? [header, tableHeader, tables] : [header];
    payloads.push(Buffer.concat([...parts, scan.subarray(offset, offset + maxScanBytes)]));
  }
  return payloads;
}

function takeApart(jpeg: Buffer): JpegParts {
  const tables = new Map<number, Buffer>();
  let size: readonly [width: number, height: number] | undefined;
  for (let at = 2; at + 4 < jpeg.length;) {
    const marker = jpeg[at + 1];
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (marker === 0xdb) {
      for (let table = at + 4; table < end; table += 65) {
        tables.set(jpeg[table] ?? 0, jpeg.subarray(table + 1, table + 65));
      }
    }
    if (marker === 0xc0) {
      if (jpeg[at + 11] !== 0x22) throw new Error('The JPEG is not 4:2:0.');
      size = [jpeg.readUInt16BE(at + 7), jpeg.readUInt16BE(at + 5)];
    }
    if (marker === 0xda && size !== undefined) {
      const brightness = tables.get(0) ?? Buffer.of();
      const ofBoth = Buffer.concat([brightness, tables.get(1) ?? brightness]);
      return { width: size[0], height: size[1], tables: ofBoth, scan: jpeg.subarray(end, -2) };
    }
    at = end;
  }
  throw new Error('The JPEG has no scan.');
}
