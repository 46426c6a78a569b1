/**
 * Standard scaling: every column less its mean, over its deviation.
 *
 * @module
 */

/** What a column is scaled by. */
export interface Scale {
  readonly mean: number;
  /** Above 0; 1 for a column that does not vary, which then says nothing. */
  readonly deviation: number;
}

/**
 * The scale of each column; two passes, so that large offsets cost no digits.
 *
 * @param rows finite numbers, row by row; at least one row
 */
export function fitScales(rows: Float64Array, width: number): Scale[] {
  const count = rows.length / width;
  return Array.from({ length: width }, (_, column) => {
    let mean = 0, squares = 0;
    for (let at = column; at < rows.length; at += width) mean += (rows[at] - mean) / ((at - column) / width + 1);
    for (let at = column; at < rows.length; at += width) squares += (rows[at] - mean) ** 2;
    const deviation = Math.sqrt(squares / count);
    // Of rounding alone: what is left of a constant column's deviation is no scale.
    return { mean, deviation: deviation > 1e-12 * Math.abs(mean) ? deviation : 1 };
  });
}

/** Scales rows in place. */
export function scaleRows(rows: Float64Array, scales: readonly Scale[]): void {
  const width = scales.length;
  for (let column = 0; column < width; column++) {
    const { mean, deviation } = scales[column];
    for (let at = column; at < rows.length; at += width) rows[at] = (rows[at] - mean) / deviation;
  }
}
