/** @module */
import fc from "fast-check";
import { Shares } from "../../actors/shares.ts";
import { assert, assertEquals } from "../../std/assert.ts";

Deno.test("Shares.enter() gives out so many places, at most half of them to one client", () => {
  const deed = fc.record({ client: fc.constantFrom("a", "b", "c"), enters: fc.boolean() });
  fc.assert(fc.property(fc.integer({ min: 2, max: 9 }), fc.array(deed, { maxLength: 60 }), (most, deeds) => {
    const shares = new Shares(most), has: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (const { client, enters } of deeds) {
      const all = has.a + has.b + has.c;
      if (!enters) {
        if (has[client] > 0) has[client]--;
        shares.leave(client);
      } else if (shares.enter(client) === undefined) has[client]++;
      else assert(all === most || has[client] === Math.floor(most / 2));
      assertEquals(shares.taken, has.a + has.b + has.c);
    }
    assert(shares.taken <= most && Object.values(has).every((mine) => mine <= shares.ofClient));
  }));
});
