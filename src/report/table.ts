/**
 * Rows under each other, two blanks between columns: the first column to the left, the others, which hold numbers, to the
 * right.
 */
export function textTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

/** `12.34` for a share of 0.1234: the heading says that it is in %. */
export const inPercent = (share: number): string => (100 * share).toFixed(2);

/** `4,825,408`. */
export const grouped = (count: number): string => Math.round(count).toLocaleString("en-US");
