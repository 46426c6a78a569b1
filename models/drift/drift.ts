/**
 * Drift of one channel: its values of lately against those of when it was learnt, by the stability index.
 *
 * First a few values of a day are kept, from which the bins' edges come; then the histogram of a span of time is the
 * reference, which stays. From there on a second histogram forgets by e in a span, and its index against the reference
 * says how far the channel has drifted. A span is whole days, so seasons as long as a span are no drift; a lasting change
 * of two standard deviations is one after less than 0.7 spans, of one after less than 1.2. A channel that stays drifted
 * for a span is learnt anew, bins and all, and has adapted when that is done: another day and a span later.
 *
 * A slice of doubles, all 0 at first; O(1), nothing is allocated. Times are event time.
 *
 * @module
 */
import { binOf, BINS, EDGES, placeEdges, PSI_DRIFTED, PSI_STEADY, stabilityIndex } from "./psi.ts";

/** Milliseconds of a day, and of the span that is looked back on unless the caller says otherwise. */
export const DRIFT_DAY_MS = 86_400_000, DRIFT_SPAN_MS = 7 * DRIFT_DAY_MS;

/** How a channel is: still learnt, as it was, drifted, or learnt anew because it stayed drifted. */
export const DRIFT = { learning: 0, steady: 1, drifted: 2, adapting: 3 } as const;

const STAGE = 0, BEGUN = 1, LAST = 2, WEIGHT = 3, ADAPTED = 4;
/** All 0 when a comparison begins, or everything anew. */
const COUNT = 5, INDEX = 6, SINCE = 7, AGAIN = 8;
const EDGES_AT = 9, REFERENCE = EDGES_AT + EDGES, RECENT = REFERENCE + BINS;
/** Stages: values are kept, the reference is counted, both are compared. */
const KEEPING = 0, COUNTING = 1, COMPARING = 2;
/** Values are kept where edges and histograms will be, an odd number of them: every so many, as WEIGHT says. */
const KEPT_MOST = EDGES + 2 * BINS;

/** Readings that edges come from, that a reference holds, and that lately means, at least. */
const KEEPING_LEAST = 100, COUNTING_LEAST = 1_000, RECENT_LEAST = 500;
/** Readings between two looks at the index. */
const LOOK = 50;
/** Weights grow instead of being forgotten; they are made small again from here on. */
const WEIGHT_MOST = 1e9;

/** Doubles of a channel. */
export const DRIFT_DOUBLES: number = RECENT + BINS;

/**
 * Takes the channel's next value in.
 *
 * @param time epoch ms; one that is before the last one counts as the last one
 * @param value finite
 * @param spanMs what the reference spans and what lately means, ms
 * @returns how the channel is, one of {@linkcode DRIFT}
 */
export function driftStep(
  state: Float64Array,
  at: number,
  time: number,
  value: number,
  spanMs: number = DRIFT_SPAN_MS,
): number {
  const stage = state[at + STAGE], passed = Math.max(0, time - state[at + LAST]);
  state[at + LAST] += passed;
  if (stage === COMPARING) compare(state, at, passed, value, spanMs);
  else if (stage === COUNTING) count(state, at, passed, value, spanMs);
  else keep(state, at, value, spanMs);
  return driftStatus(state, at);
}

/** Keeps every so many values, evenly over the stage, however long it takes. */
function keep(state: Float64Array, at: number, value: number, spanMs: number): void {
  const first = at + EDGES_AT, seen = state[at + COUNT]++;
  if (seen === 0) {
    state[at + BEGUN] = state[at + LAST];
    state[at + WEIGHT] = 1;
  }
  const stride = state[at + WEIGHT];
  if (seen % stride === 0) {
    const kept = seen / stride;
    if (kept < KEPT_MOST) state[first + kept] = value;
    else {
      // every other one stays; this value's place is odd, so it goes
      for (let i = 0; 2 * i < KEPT_MOST; i++) state[first + i] = state[first + 2 * i];
      state[at + WEIGHT] = 2 * stride;
    }
  }
  const passed = state[at + LAST] - state[at + BEGUN];
  if (seen + 1 < KEEPING_LEAST || passed < Math.min(spanMs, DRIFT_DAY_MS)) return;
  const values = Math.min(KEPT_MOST, Math.floor(seen / state[at + WEIGHT]) + 1);
  sort(state, first, values);
  placeEdges(state, first, values, state, first);
  state.fill(0, at + REFERENCE, at + DRIFT_DOUBLES);
  state[at + STAGE] = COUNTING;
  state[at + COUNT] = 0;
  state[at + BEGUN] = state[at + LAST];
}

/** Sorts a few values by insertion. */
function sort(state: Float64Array, from: number, count: number): void {
  for (let i = from + 1; i < from + count; i++) {
    const value = state[i];
    let place = i;
    for (; place > from && state[place - 1] > value; place--) state[place] = state[place - 1];
    state[place] = value;
  }
}

/** Counts the reference, over as many whole spans as it takes to hold enough. */
function count(state: Float64Array, at: number, passed: number, value: number, spanMs: number): void {
  state[at + REFERENCE + binOf(state, at + EDGES_AT, value)]++;
  const counted = ++state[at + COUNT], all = state[at + LAST] - state[at + BEGUN];
  if (counted < COUNTING_LEAST || Math.floor(all / spanMs) === Math.floor((all - passed) / spanMs)) return;
  // Lately begins as the reference, with the weight of its whole memory: it moves away from there as readings come.
  const memory = Math.max(RECENT_LEAST, counted * spanMs / all);
  for (let bin = 0; bin < BINS; bin++) state[at + RECENT + bin] = state[at + REFERENCE + bin] * memory / counted;
  if (state[at + AGAIN] === 1) state[at + ADAPTED] = state[at + LAST];
  state[at + STAGE] = COMPARING;
  state[at + WEIGHT] = 1;
  state.fill(0, at + COUNT, at + AGAIN + 1);
}

function compare(state: Float64Array, at: number, passed: number, value: number, spanMs: number): void {
  // A reading weighs e times more than one a span, or so many readings, before.
  const weight = state[at + WEIGHT] * (1 + Math.min(passed / spanMs, 1 / RECENT_LEAST));
  state[at + WEIGHT] = weight;
  state[at + RECENT + binOf(state, at + EDGES_AT, value)] += weight;
  if (++state[at + COUNT] < LOOK) return;
  state[at + COUNT] = 0;
  look(state, at, spanMs);
}

/** Compares the histograms; sees whether the channel is drifted, and whether it has stayed so. */
function look(state: Float64Array, at: number, spanMs: number): void {
  if (state[at + WEIGHT] > WEIGHT_MOST) {
    for (let bin = 0; bin < BINS; bin++) state[at + RECENT + bin] /= state[at + WEIGHT];
    state[at + WEIGHT] = 1;
  }
  const index = state[at + INDEX] = stabilityIndex(state, at + REFERENCE, state, at + RECENT);
  const since = state[at + SINCE], time = state[at + LAST];
  if (since === 0 && index >= PSI_DRIFTED) state[at + SINCE] = time;
  else if (since > 0 && index < PSI_STEADY) state[at + SINCE] = 0;
  else if (since > 0 && time - since >= spanMs) {
    state[at + STAGE] = KEEPING;
    state[at + COUNT] = 0;
    state[at + AGAIN] = 1;
  }
}

/** How the channel is, one of {@linkcode DRIFT}. */
export function driftStatus(state: Float64Array, at: number): number {
  if (state[at + STAGE] !== COMPARING) return state[at + AGAIN] === 1 ? DRIFT.adapting : DRIFT.learning;
  return state[at + SINCE] > 0 ? DRIFT.drifted : DRIFT.steady;
}

/** The stability index of lately; while the channel is adapting the one at which that began, 0 before there was any. */
export function driftIndex(state: Float64Array, at: number): number {
  return state[at + INDEX];
}

/** Time since when the channel is drifted, or was when it began to adapt, epoch ms; 0 if it is not. */
export function driftSince(state: Float64Array, at: number): number {
  return state[at + SINCE];
}

/** Time at which the channel had last adapted to a drift, epoch ms; 0 if it never did. */
export function driftAdapted(state: Float64Array, at: number): number {
  return state[at + ADAPTED];
}
