/**
 * Draws charts a few at a time, so that a thousand readings a second never block the page.
 *
 * @module
 */

/** Drawing stops for this frame after so long, ms: half of a frame stays free for the reader. */
const BUDGET_MS = 8;
/** A chart is drawn at most so often, ms. */
const LEAST_GAP_MS = 500;

/** @typedef {{ draw(): void }} Drawable */

/** @type {Map<Drawable, number>} when each was drawn last */
const drawn = new Map();
/** @type {Set<Drawable>} in order of asking; a chart that waits is there once, however often it asked */
const waiting = new Set();
let running = false;

/** Asks for a drawing, soon. @param {Drawable} chart */
export function redraw(chart) {
  waiting.add(chart);
  if (running) return;
  running = true;
  requestAnimationFrame(frame);
}

/** Forgets a chart that is gone. @param {Drawable} chart */
export function forget(chart) {
  waiting.delete(chart);
  drawn.delete(chart);
}

function frame() {
  const start = performance.now();
  for (const chart of waiting) {
    if (start - (drawn.get(chart) ?? -Infinity) < LEAST_GAP_MS) continue;
    waiting.delete(chart);
    drawn.set(chart, start);
    chart.draw();
    if (performance.now() - start > BUDGET_MS) break;
  }
  running = waiting.size > 0;
  if (running) requestAnimationFrame(frame);
}
