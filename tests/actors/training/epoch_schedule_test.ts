import fc from "fast-check";
import { type EpochProgress, nextEpoch, NO_PROGRESS } from "../../../actors/training/epoch_schedule.ts";
import { assert, assertEquals } from "../../../std/assert.ts";

const never = () => false, always = () => true;
const ended = (entries: Record<string, number[]>) => new Map(Object.entries(entries));

Deno.test("nextEpoch() waits for every partition, then trains epochs in order", () => {
  assertEquals(nextEpoch(NO_PROGRESS, ended({}), ["a", "b"], always), undefined);
  assertEquals(nextEpoch(NO_PROGRESS, ended({ a: [10, 20] }), ["a", "b"], never), undefined);
  assertEquals(nextEpoch(NO_PROGRESS, ended({ a: [10, 20], b: [10] }), ["a", "b"], never), {
    through: 10,
    behind: [],
  });
  assertEquals(nextEpoch({ through: 10, behind: [] }, ended({ a: [10, 20], b: [10] }), ["a", "b"], never), undefined);
  // One that had no reading in an epoch has ended it when it has ended a later one.
  assertEquals(nextEpoch({ through: 10, behind: [] }, ended({ a: [20], b: [30] }), ["a", "b"], never)?.through, 20);
});

Deno.test("nextEpoch() leaves one behind that is overdue, and waits for it again once it has caught up", () => {
  const first = nextEpoch(NO_PROGRESS, ended({ a: [10] }), ["a", "b"], always);
  assertEquals(first, { through: 10, behind: ["b"] });
  assertEquals(nextEpoch({ through: 10, behind: ["b"] }, ended({ a: [20] }), ["a", "b"], never), {
    through: 20,
    behind: ["b"],
  });
  const back = nextEpoch({ through: 20, behind: ["b"] }, ended({ a: [30], b: [10, 30] }), ["a", "b"], never);
  assertEquals(back, { through: 30, behind: [] });
  assertEquals(nextEpoch({ through: 30, behind: [] }, ended({ a: [40], b: [30] }), ["a", "b"], never), undefined);
});

Deno.test("nextEpoch() asks apart how long to wait for one that never ended an epoch", () => {
  const news = (_epoch: number, isNew: boolean) => isNew;
  assertEquals(nextEpoch(NO_PROGRESS, ended({ a: [10] }), ["a", "b"], news)?.behind, ["b"]);
  assertEquals(nextEpoch({ through: 10, behind: [] }, ended({ a: [20], b: [10] }), ["a", "b", "c"], news), undefined);
});

Deno.test("nextEpoch() trains the same epochs in whatever order partitions end them", () => {
  const names = ["a", "b", "c"];
  const world = fc.record({
    ends: fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), { minLength: 3, maxLength: 3 }),
    order: fc.array(fc.nat(2), { maxLength: 60 }),
  });
  fc.assert(fc.property(world, ({ ends, order }) => {
    const sorted = ends.map((one) => [...one, 13].sort((a, b) => a - b)); // all of them end the last one
    const said = new Map<string, number[]>(), trained: number[] = [];
    let progress: EpochProgress = NO_PROGRESS;
    const turns = [...order, ...sorted.flatMap((ends, i) => ends.map(() => i))], at = [0, 0, 0];
    for (const i of turns) {
      const end = sorted[i][at[i]++];
      if (end !== undefined) said.set(names[i], [...said.get(names[i]) ?? [], end]);
      for (;;) {
        const next = nextEpoch(progress, said, names, never);
        if (!next) break;
        assert(next.through > progress.through && next.behind.length === 0);
        trained.push(next.through);
        progress = next;
      }
    }
    assertEquals(trained, [...new Set(sorted.flat())].sort((a, b) => a - b));
  }));
});

Deno.test("nextEpoch() goes on behind as many epochs as have gathered while nobody could train", () => {
  const ends = Array.from({ length: 200_000 }, (_, i) => i);
  assertEquals(nextEpoch({ through: -1, behind: [] }, new Map([["a", ends]]), ["a"], () => false)?.through, 0);
});
