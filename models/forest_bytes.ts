/**
 * An isolation forest as bytes, and back: the same scores, bit for bit.
 *
 * Little-endian. A head (the text `SNFO`, version, counts, threshold), the features' names and medians, then the trees,
 * each in order of its nodes from the root down, left before right: the samples that came to a node, the feature or
 * {@linkcode LEAF}, and for a cut its threshold. About 150 KB for 100 trees of 256 samples.
 *
 * @module
 */
import { IsolationForest } from "./forest.ts";
import { FEATURES_MOST, type ForestTrees, TREE_NODES, TREES_MOST } from "./forest_trees.ts";
import { LEAVES } from "./forest_walk.ts";

/** The version that is written. */
export const FOREST_VERSION = 1;

const MAGIC = 0x4f464e53; // "SNFO"
/** In the place of a feature: the tree has ended here. */
const LEAF = 0xff;
const HEAD = 40, NODE = 3, CUT = 8, NAME_BYTES = 1024;
const encoder = new TextEncoder(), decoder = new TextDecoder("utf-8", { fatal: true });

/** Bytes that are no forest, or one of a version that this program does not know. */
export class ForestFormatError extends Error {
  /** Its kind. */
  override name = "ForestFormatError";
}

/** The bytes of a forest. */
export function writeForest({ trees: forest }: IsolationForest): Uint8Array<ArrayBuffer> {
  const names = forest.features.map((name) => encoder.encode(name));
  const named = names.reduce((sum, name) => sum + 2 + name.length, 0) + 8 * names.length;
  const bytes = new Uint8Array(HEAD + named + forest.trees * LEAVES * (CUT + 2 * NODE));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, FOREST_VERSION, true);
  view.setUint16(6, forest.features.length, true);
  view.setUint16(8, forest.trees, true);
  view.setUint16(10, forest.subsample, true);
  view.setUint32(12, forest.samples, true);
  view.setFloat64(16, forest.contamination, true);
  view.setFloat64(24, forest.threshold, true);
  let at = HEAD;
  for (const name of names) {
    view.setUint16(at, name.length, true);
    bytes.set(name, at + 2);
    at += 2 + name.length;
  }
  for (const median of forest.medians) {
    view.setFloat64(at, median, true);
    at += 8;
  }
  for (let tree = 0; tree < forest.trees; tree++) at = writeNode(forest, tree, 1, view, at);
  view.setUint32(32, at, true); // the whole length: what was cut off is known as such
  return bytes.slice(0, at);
}

function writeNode(forest: ForestTrees, tree: number, node: number, view: DataView, at: number): number {
  const cut = node < LEAVES ? forest.thresholds[tree * LEAVES + node] : Infinity;
  view.setUint16(at, forest.counts[tree * TREE_NODES + node], true);
  view.setUint8(at + 2, cut < Infinity ? forest.splits[tree * LEAVES + node] : LEAF);
  if (cut === Infinity) return at + NODE;
  view.setFloat64(at + NODE, cut, true);
  const next = writeNode(forest, tree, 2 * node, view, at + NODE + CUT);
  return writeNode(forest, tree, 2 * node + 1, view, next);
}

/**
 * The forest of bytes that {@linkcode writeForest} made.
 *
 * @throws {ForestFormatError} for anything else: one sentence
 */
export function readForest(bytes: Uint8Array): IsolationForest {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD || view.getUint32(0, true) !== MAGIC) throw refused("they do not begin like a forest");
  const version = view.getUint16(4, true);
  if (version !== FOREST_VERSION) throw refused(`they are version ${version}, this program knows ${FOREST_VERSION}`);
  if (view.getUint32(32, true) !== bytes.length) throw refused("they are not whole");
  try {
    return new IsolationForest(readTrees(bytes, view));
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw refused("they are damaged", error);
    throw error;
  }
}

function readTrees(bytes: Uint8Array, view: DataView): ForestTrees {
  const width = view.getUint16(6, true), trees = view.getUint16(8, true), subsample = view.getUint16(10, true);
  if (width < 1 || width > FEATURES_MOST || trees < 1 || trees > TREES_MOST) throw refused("they are damaged");
  if (subsample < 2 || subsample > LEAVES) throw refused("they are damaged");
  let at = HEAD;
  const features = Array.from({ length: width }, () => {
    const length = view.getUint16(at, true);
    if (length > NAME_BYTES) throw refused("they are damaged");
    at += 2 + length;
    return decoder.decode(bytes.subarray(at - length, at));
  });
  const medians = Float64Array.from({ length: width }, () => view.getFloat64((at += 8) - 8, true));
  const forest: ForestTrees = {
    features,
    trees,
    subsample,
    samples: view.getUint32(12, true),
    contamination: view.getFloat64(16, true),
    threshold: view.getFloat64(24, true),
    medians,
    splits: new Uint8Array(trees * LEAVES),
    thresholds: new Float64Array(trees * LEAVES).fill(Infinity),
    counts: new Uint16Array(trees * TREE_NODES),
  };
  for (let tree = 0; tree < trees; tree++) {
    at = readNode(forest, tree, 1, view, at);
    if (forest.counts[tree * TREE_NODES + 1] !== subsample) throw refused("they are damaged");
  }
  if (at !== bytes.length || !medians.every(Number.isFinite)) throw refused("they are damaged");
  return forest;
}

function readNode(forest: ForestTrees, tree: number, node: number, view: DataView, at: number): number {
  const count = view.getUint16(at, true), split = view.getUint8(at + 2);
  if (split === LEAF) {
    fillBelow(forest.counts, tree * TREE_NODES, node, count);
    return at + NODE;
  }
  const threshold = view.getFloat64(at + NODE, true);
  if (node >= LEAVES || split >= forest.features.length || !Number.isFinite(threshold)) {
    throw refused("they are damaged");
  }
  forest.splits[tree * LEAVES + node] = split;
  forest.thresholds[tree * LEAVES + node] = threshold;
  const counts = forest.counts, base = tree * TREE_NODES;
  counts[base + node] = count;
  const next = readNode(forest, tree, 2 * node, view, at + NODE + CUT);
  const end = readNode(forest, tree, 2 * node + 1, view, next);
  const below = counts[base + 2 * node] + counts[base + 2 * node + 1];
  if (below !== count || count === 0) throw refused("they are damaged");
  return end;
}

function fillBelow(counts: Uint16Array, base: number, node: number, count: number): void {
  if (count > LEAVES) throw refused("they are damaged");
  counts[base + node] = count;
  if (node >= LEAVES) return;
  fillBelow(counts, base, 2 * node, count);
  fillBelow(counts, base, 2 * node + 1, count);
}

function refused(why: string, cause?: unknown): ForestFormatError {
  return new ForestFormatError(`cannot read the bytes of a forest: ${why}`, cause === undefined ? {} : { cause });
}
