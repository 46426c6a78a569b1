import { Watch } from "../../actors/watch.ts";
import { assertEquals, assertThrows } from "../../std/assert.ts";

Deno.test("Watch refuses settings that it does not know in one sentence", () => {
  assertThrows(
    () => new Watch({ budgt: 1, futureMs: -5 }),
    RangeError,
    'cannot judge by these settings: futureMs: Too small: expected number to be >=1000; Unrecognized key: "budgt"',
  );
});

Deno.test("Watch says of each record in its place why it has no verdict", async () => {
  const reading = { sensor: "a", time: 0, values: { t: 1 } };
  const found = await new Watch({ detectors: "rules" }).take([null, reading, reading, {
    ...reading,
    values: { t: "x" },
  }]);
  assertEquals(found.map((one) => "passed" in one ? one.passed : one.is_anomaly), [
    "invalid",
    false,
    "duplicate",
    "invalid",
  ]);
});
