/** @module */
import { makeApp } from "../../routes/app.ts";
import { assertEquals } from "../../std/assert.ts";
import { GatedKv } from "../../store/gate.ts";
import { exportSavepoint, verifySavepoint } from "../../store/savepoint/savepoint.ts";
import { MemoryKv } from "../memory_kv.ts";
import { accessOf, TOKEN } from "./api_fakes.ts";
import { fakeDeps } from "./fakes.ts";

Deno.test("GET /admin/export is written down in the store that it exports, and comes all the same", async () => {
  const deps = fakeDeps(), { clock } = deps, kv = new GatedKv(new MemoryKv()), access = await accessOf(clock, kv);
  const exported = () => exportSavepoint(kv, { clock, paused: (work) => kv.paused(work) });
  const app = makeApp({ ...deps, access, token: TOKEN, export: () => Promise.resolve(exported()) });
  const answer = await app.request("/admin/export", { headers: { authorization: `Bearer ${TOKEN}` } });
  const { entries } = await verifySavepoint(answer.body as ReadableStream<Uint8Array<ArrayBuffer>>);
  assertEquals([answer.status, entries], [200, 1], "the entry of the audit log is in it");
  assertEquals((await access.audit.list(9)).items.map(({ action }) => action), ["GET /admin/export"]);
});
