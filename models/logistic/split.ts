/**
 * Dividing labelled rows so that each part holds the same share of either label.
 *
 * @module
 */
import { Random } from "../random.ts";

/**
 * The fold that each row belongs to: 0 to `folds` − 1, either label dealt out evenly in an order drawn from the seed.
 *
 * @param seed whole, magnitude below 2^53
 */
export function stratifiedFolds(labels: Uint8Array, folds: number, seed: number): Uint8Array {
  const fold = new Uint8Array(labels.length), random = new Random(seed);
  let dealt = 0; // goes on from one label to the other, so that the folds' sizes differ by one at most
  for (const label of [0, 1]) {
    const places = Uint32Array.from([...labels.keys()].filter((place) => labels[place] === label));
    random.shuffle(places);
    for (const place of places) fold[place] = dealt++ % folds;
  }
  return fold;
}

/** Places of a training part and a test part. */
export interface Split {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/**
 * Sets a share of the rows aside for testing: of each label that share, rounded, in an order drawn from the seed.
 *
 * @param share above 0, below 1
 * @throws {RangeError} if a part would hold only one label
 */
export function stratifiedSplit(labels: Uint8Array, share: number, seed: number): Split {
  const random = new Random(seed), isTest = new Uint8Array(labels.length);
  for (const label of [0, 1]) {
    const places = Uint32Array.from([...labels.keys()].filter((place) => labels[place] === label));
    const aside = Math.round(share * places.length);
    if (aside < 1 || aside >= places.length) {
      throw new RangeError(
        `cannot set ${share} of the rows aside: of ${places.length} rows with label ${label} that is ${aside}`,
      );
    }
    random.shuffle(places);
    for (const place of places.subarray(0, aside)) isTest[place] = 1;
  }
  const places = [...labels.keys()];
  return {
    train: Uint32Array.from(places.filter((place) => isTest[place] === 0)),
    test: Uint32Array.from(places.filter((place) => isTest[place] === 1)),
  };
}

/** Places of fold `which`, and of all others. */
export function foldSplit(folds: Uint8Array, which: number): Split {
  const places = [...folds.keys()];
  return {
    train: Uint32Array.from(places.filter((place) => folds[place] !== which)),
    test: Uint32Array.from(places.filter((place) => folds[place] === which)),
  };
}
