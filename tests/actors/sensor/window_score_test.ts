/** @module */
import type { Judging } from "../../../actors/config.ts";
import { BIT } from "../../../actors/sensor/layout.ts";
import { WINDOW_CHANNEL, WINDOW_HEAD, WINDOW_RECORD } from "../../../actors/sensor/outputs.ts";
import { VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "../../../actors/sensor/verdict.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { FIXTURE_CHANNELS, fixtureEvent, fixtureJudging } from "../../fixtures/snapshot.ts";
import { ActorInHand } from "./in_hand.ts";

/** Every window that came out: its specification, start and greatest score. */
function windowsOf({ out: { windows: { array, length } } }: ActorInHand) {
  const windows: { spec: number; start: number; score: number }[] = [];
  for (let at = 0; at < length; at += WINDOW_HEAD + array[at + WINDOW_RECORD.channels] * WINDOW_CHANNEL) {
    const [spec, start] = array.subarray(at + 1, at + 3);
    windows.push({ spec, start, score: array[at + WINDOW_RECORD.scoreMax] });
  }
  return windows;
}

/** Time and score of every reading that was judged. */
function scoresOf({ out: { verdicts: { array, length } } }: ActorInHand) {
  const scores: { time: number; score: number }[] = [];
  for (let at = 0; at < length; at += VERDICT_HEAD + array[at + VERDICT.channels] * VERDICT_CHANNEL) {
    if ((array[at + VERDICT.bits] & BIT.late) !== 0) continue;
    scores.push({ time: array[at + VERDICT.time], score: array[at + VERDICT.score] });
  }
  return scores;
}

function drive(judging: Judging, reloadEvery = Infinity): ActorInHand {
  const hand = new ActorInHand(judging, "pump", FIXTURE_CHANNELS);
  for (let i = 0; i < 600; i++) {
    hand.take(fixtureEvent(i));
    if (i % reloadEvery === 0) hand.reload();
  }
  hand.end();
  return hand;
}

Deno.test("noteScore() keeps the greatest score of each window's readings, across snapshots too", () => {
  for (const reloadEvery of [Infinity, 7]) {
    const hand = drive(fixtureJudging, reloadEvery), scores = scoresOf(hand), windows = windowsOf(hand);
    assert(windows.length > 100 && windows.some(({ score }) => score === 1) && windows.some(({ score }) => score < 1));
    for (const { spec, start, score } of windows) {
      const end = start + fixtureJudging.windows[spec].lengthMs;
      const within = scores.filter(({ time }) => time >= start && time < end);
      assertEquals(score, Math.max(-1, ...within.map((one) => one.score)), `window ${spec} from ${start}`);
    }
  }
});

Deno.test("noteScore() is not called where rules alone judge: such windows have no score", () => {
  const windows = windowsOf(drive({ ...fixtureJudging, detectors: "rules" }));
  assert(windows.length > 100 && windows.every(({ score }) => score === -1));
});
