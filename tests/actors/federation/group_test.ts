import fc from "fast-check";
import { GROUP_LENGTH, groupOf, groupOfModel, networkModel } from "../../../actors/federation/group.ts";
import { MODEL_LIMITS } from "../../../actors/model_registry.ts";
import { assert, assertEquals, assertNotEquals } from "../../../std/assert.ts";

Deno.test("groupOf() is the type, or the set of channels in whatever order they come", () => {
  assertEquals(groupOf("room", ["b", "a"]), "room");
  assertEquals(groupOf(undefined, ["b", "a"]), "{a,b}");
  assertEquals(groupOf(undefined, ["a", "b"]), "{a,b}");
});

Deno.test("groupOf() keeps long lists short and apart", () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.string({ unit: "binary", minLength: 1, maxLength: 64 }), { minLength: 1, maxLength: 50 }),
    (channels) => {
      const group = groupOf(undefined, channels);
      assert(group.length <= GROUP_LENGTH && networkModel(group).length <= MODEL_LIMITS.nameLength);
      assert(group.isWellFormed() || !channels.every((one) => one.isWellFormed()));
      assertEquals(groupOfModel(networkModel(group)), group);
    },
  ));
  const many = Array.from({ length: 50 }, (_, at) => `channel number ${at}`);
  assertNotEquals(groupOf(undefined, many), groupOf(undefined, [...many.slice(0, 49), "another"]));
  assertEquals([groupOfModel("parts"), groupOfModel("network:")], [undefined, undefined]);
});
