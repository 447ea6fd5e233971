/** Spreadsheets take a cell that begins so for a formula, also behind blanks, and run it. */
const formula = /^\s*[=+\-@]|^[\t\r\n]/;

/**
 * One line of RFC 4180 with its end. Texts that a spreadsheet would run get an apostrophe in front, which it does not
 * show; null is an empty cell.
 */
export function toCsvLine(cells: readonly (string | number | boolean | null)[]): string {
  return `${cells.map(toCell).join(',')}\r\n`;
}

function toCell(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const text = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
