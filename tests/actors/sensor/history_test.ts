/** @module */
import fc from "fast-check";
import { CHUNK_ROWS, History, HISTORY_ROWS, ROW_HEAD } from "../../../actors/sensor/history.ts";
import { assert, assertEquals } from "../../../std/assert.ts";

/** Writes row `number`: the number in every place. */
function write(history: History, number: number): void {
  const rows = history.claim(number), at = history.offset(number);
  rows.fill(number, at, at + history.width);
}

function holds(history: History, from: number, to: number): void {
  const rows = history.copy(from, to);
  assertEquals(rows.length, (to - from) * history.width);
  for (let i = 0; i < rows.length; i++) assertEquals(rows[i], from + Math.floor(i / history.width));
}

Deno.test("History holds at least the last hundred rows, and grows no further than its capacity", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 500 }), (channels, count) => {
    const history = new History(channels);
    for (let n = 0; n < count; n++) write(history, n);
    holds(history, history.oldest, count);
    assertEquals(count - history.oldest, Math.min(count, HISTORY_ROWS));
    assert(history.bytes <= HISTORY_ROWS * (ROW_HEAD + channels) * 8);
  }));
  assert(HISTORY_ROWS >= 100);
});

Deno.test("History.restore() goes on at any row, none restored included", () => {
  fc.assert(fc.property(fc.nat(400), fc.nat(CHUNK_ROWS), fc.integer({ min: 1, max: 300 }), (next, kept, more) => {
    const from = Math.max(0, next - kept), width = ROW_HEAD + 2;
    const rows = Float64Array.from({ length: (next - from) * width }, (_, i) => from + Math.floor(i / width));
    const history = new History(2);
    history.restore(from, rows);
    for (let n = next; n < next + more; n++) write(history, n);
    holds(history, history.oldest, next + more);
    assertEquals(history.oldest, Math.max(from, next + more - HISTORY_ROWS));
  }));
});

Deno.test("History.widened() keeps its rows, the new channels missing in them", () => {
  fc.assert(
    fc.property(fc.nat(300), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 200 }), (count, more, on) => {
      const history = new History(1);
      for (let n = 0; n < count; n++) write(history, n);
      const wide = history.widened(1 + more, count), rows = wide.copy(wide.oldest, count);
      for (let at = 0; at < rows.length; at += wide.width) {
        const number = wide.oldest + at / wide.width;
        assertEquals([...rows.subarray(at, at + ROW_HEAD + 1)], new Array(ROW_HEAD + 1).fill(number));
        assert(rows.subarray(at + ROW_HEAD + 1, at + wide.width).every(Number.isNaN));
      }
      for (let n = count; n < count + on; n++) write(wide, n);
      holds(wide, Math.max(count, wide.oldest), count + on);
    }),
  );
});
