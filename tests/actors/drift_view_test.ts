/** @module */
import { driftsOf } from "../../actors/drift_view.ts";
import { judgingSchema } from "../../actors/config.ts";
import type { Chunk, Source } from "../../actors/ports.ts";
import type { Reading } from "../../actors/reading.ts";
import { normalAt } from "../../models/random.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { StoreQueries } from "../../store/queries.ts";
import { runSource } from "./harness.ts";

const HOUR = 3_600_000, START = Date.UTC(2026, 0, 1);

/** Two sensors, a reading each every five minutes; the one rises by three deviations after 12 days. */
class Weeks implements Source {
  readonly name = "weeks";

  open() {
    return Promise.resolve([{ id: "weeks", read: () => this.#read() }]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *#read(): AsyncGenerator<Chunk> {
    const items: Reading[] = [];
    for (let i = 0; i < 18 * 288; i++) {
      for (const [k, sensor] of ["moved", "same"].entries()) {
        const moved = k === 0 && i >= 12 * 288 ? 3 : 0;
        items.push({
          sensor,
          time: START + i * HOUR / 12,
          values: { level: 20 + moved + normalAt(7, i, k) },
          type: "tank",
        });
      }
    }
    yield await Promise.resolve({ kind: "readings", items, positions: items.map((_, i) => i), next: items.length });
  }
}

Deno.test("driftsOf() names the channel that moved, and the model that is pinned to what was before", async () => {
  const judging = judgingSchema.parse({ drift: { spanMs: 5 * 24 * HOUR, alert: true } });
  const { kv, supervisor } = await runSource(new Weeks(), { judging });
  const { channels, steady, models } = await driftsOf(
    new StoreQueries(kv, supervisor, () => 0),
    supervisor.runs.flatMap(({ drifts }) => drifts),
  );
  assertEquals(channels.map(({ sensor, channel }) => [sensor, channel]), [["moved", "level"]]);
  assert(channels[0].index >= 0.25);
  assertEquals(steady, 1);
  assertEquals(models.map(({ model, status }) => [model, status]), [["forest:weeks/tank {level}", "steady"]]);
  const alerts = await new StoreQueries(kv, supervisor, () => 0).alerts({ condition: "drift" }, 10);
  assertEquals(alerts.items.map(({ sensor }) => sensor), ["moved"]);
});
