/** The camera stands in the origin at `eyeHeight`, looks along +z and slightly down. x is right, y up; metres. */
export interface View {
  readonly width: number;
  readonly height: number;
  /** Focal length in pixels. */
  readonly focal: number;
  readonly eyeHeight: number;
  /** Radians below the horizontal. */
  readonly pitch: number;
}

/** Direction of the ray through a pixel's middle, of length 1, to ray[0..2]. */
export function rayThrough(view: View, column: number, row: number, ray: Float64Array): void {
  const across = (column - view.width / 2) / view.focal;
  const up = (view.height / 2 - row) / view.focal;
  const cos = Math.cos(view.pitch);
  const sin = Math.sin(view.pitch);
  const y = up * cos - sin;
  const z = cos + up * sin;
  const length = Math.sqrt(across * across + y * y + z * z);
  ray[0] = across / length;
  ray[1] = y / length;
  ray[2] = z / length;
}

/** Where a point is seen: pixels from the top left, and its depth along the axis. */
function project(view: View, x: number, y: number, z: number): { column: number; row: number } {
  const up = y - view.eyeHeight;
  const cos = Math.cos(view.pitch);
  const sin = Math.sin(view.pitch);
  const forward = Math.max(0.2, z * cos - up * sin);
  const vertical = up * cos + z * sin;
  return {
    column: view.width / 2 + (view.focal * x) / forward,
    row: view.height / 2 - (view.focal * vertical) / forward,
  };
}

export interface Window {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The pixels among which all the points are seen, with two to spare. */
export function windowAround(view: View, points: readonly (readonly [number, number, number])[]): Window {
  const seen = points.map(([x, y, z]) => project(view, x, y, z));
  const columns = seen.map((point) => point.column);
  const rows = seen.map((point) => point.row);
  return {
    left: Math.max(0, Math.floor(Math.min(...columns)) - 2),
    right: Math.min(view.width, Math.ceil(Math.max(...columns)) + 2),
    top: Math.max(0, Math.floor(Math.min(...rows)) - 2),
    bottom: Math.min(view.height, Math.ceil(Math.max(...rows)) + 2),
  };
}
