import { assertEquals, assertRejects } from "../../std/assert.ts";
import { KvAudit } from "../../store/audit.ts";
import { CursorError } from "../../store/cursor.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock } from "../routes/fakes.ts";

const entry = (action: string) => ({ actor: "local", from: "127.0.0.1", action, status: 200 });

Deno.test("KvAudit.list() gives entries newest first, in pages, across a restart with the clock put back", async () => {
  const kv = new MemoryKv(), clock = new FakeClock(), audit = await KvAudit.open(kv, { clock });
  for (let i = 0; i < 5; i++) await audit.note(entry(`a${i}`));
  await clock.advance(1);
  await audit.note(entry("a5"));
  const later = await KvAudit.open(kv, { clock: new FakeClock(clock.now() - 10_000) });
  await later.note(entry("a6"));
  const seen: string[] = [];
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await later.list(2, cursor);
    seen.push(...page.items.map(({ action }) => action));
    cursor = page.next;
  }
  assertEquals(seen, ["a6", "a5", "a4", "a3", "a2", "a1", "a0"]);
  await assertRejects(() => later.list(2, "nonsense"), CursorError);
});

Deno.test("KvAudit.note() keeps a bounded number, the newest, and short texts", async () => {
  const kv = new MemoryKv(), clock = new FakeClock(), audit = await KvAudit.open(kv, { clock, keep: 50 });
  for (let i = 0; i < 400; i++) await audit.note(entry(`a${i}`));
  assertEquals(kv.entries.size < 150, true);
  await audit.note(entry("x".repeat(5_000)));
  const { items } = await audit.list(50);
  assertEquals([items.length, items[0].action.length, items[1].action, items[49].action], [50, 256, "a399", "a351"]);
});

Deno.test("KvAudit.note() reports what it could not write, and goes on", async () => {
  const kv = new MemoryKv(), clock = new FakeClock(), reported: unknown[] = [];
  const audit = await KvAudit.open(kv, { clock, report: (error) => reported.push(error) });
  const { commit } = kv;
  kv.commit = () => Promise.reject(new Error("disk full"));
  await audit.note(entry("lost"));
  kv.commit = commit;
  await audit.note(entry("kept"));
  assertEquals([reported.length, (await audit.list(9)).items.map(({ action }) => action)], [1, ["kept"]]);
});
