/**
 * Terms of a linear predictor: the scaled features z, their squares, their products.
 *
 * @module
 */

/** Which terms: z alone, with squares, or with squares and products; each holds the one before. */
export const TERM_SETS = ["linear", "squares", "products"] as const;
/** A set of terms. */
export type TermSet = typeof TERM_SETS[number];

/** One term: a feature, or two whose product it is (twice the same: its square). */
export type Term = readonly [feature: number] | readonly [feature: number, other: number];

/** The terms of a set over so many features. */
export function termsOf(set: TermSet, features: number): Term[] {
  const terms: Term[] = Array.from({ length: features }, (_, feature) => [feature] as const);
  for (let one = 0; set !== "linear" && one < features; one++) {
    for (let other = one; other < (set === "products" ? features : one + 1); other++) terms.push([one, other]);
  }
  return terms;
}

/** The value of each term for each row of scaled features. */
export function expandRows(rows: Float64Array, width: number, terms: readonly Term[]): Float64Array {
  const count = rows.length / width, expanded = new Float64Array(count * terms.length);
  terms.forEach(([one, other], term) => {
    for (let from = 0, to = term; from < rows.length; from += width, to += terms.length) {
      expanded[to] = other === undefined ? rows[from + one] : rows[from + one] * rows[from + other];
    }
  });
  return expanded;
}
