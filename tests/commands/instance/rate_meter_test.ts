/**
 * @module
 */
import { RateMeter } from "../../../commands/instance/rate_meter.ts";
import { assertEquals } from "../../../std/assert.ts";
import { FakeClock } from "../../routes/fakes.ts";

Deno.test("RateMeter.noteRuns() counts what is read here, not what had been read of a partition that is taken over", async () => {
  const clock = new FakeClock(), rate = new RateMeter(clock), own = { readings: 40_000 }, taken = { readings: 58_000 };
  rate.noteRuns([own]);
  await clock.advance(1_000);
  own.readings += 25;
  rate.noteRuns([own]);
  assertEquals(rate.perSecond, 25);
  rate.noteRuns([own, taken]);
  assertEquals(rate.perSecond, 25);
  await clock.advance(1_000);
  own.readings += 25;
  taken.readings += 50;
  rate.noteRuns([own, taken]);
  assertEquals(rate.perSecond, 50); // 100 in two seconds
  // Another process had it meanwhile: its run is a new one.
  rate.noteRuns([own, { readings: 90_000 }]);
  assertEquals(rate.perSecond, 50);
});
