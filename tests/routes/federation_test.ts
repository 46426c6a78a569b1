import { networkModel } from "../../actors/federation/group.ts";
import type { RoundRecord } from "../../actors/federation/port.ts";
import { decodeWeights, encodeWeights } from "../../actors/federation/weights.ts";
import type { NewModel } from "../../actors/model_registry.ts";
import { makeApp } from "../../routes/app.ts";
import { UPDATE_BYTES } from "../../routes/federation_updates.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../../std/assert.ts";
import { KvFederationStore } from "../../store/federation.ts";
import { NOON } from "./fakes.ts";
import { modelDeps, post } from "./models_fakes.ts";

const WEIGHTS = [0.5, -1.25, 3];

function newNetwork(round: number): NewModel {
  return {
    kind: "network",
    scope: "global",
    lineage: { data: "made by hand", rows: 0, configuration: {}, seed: 0 },
    metrics: { validation_loss: 0.5 },
    bytes: encodeWeights({
      group: "room",
      round,
      shapes: [[2, 1], [1]],
      form: { hidden: 1 },
      weights: Float32Array.from(WEIGHTS, (weight) => weight + round),
    }),
    version: round,
  };
}

function record(round: number): RoundRecord {
  return {
    group: "room",
    round,
    time: NOON,
    method: "median",
    participants: [{ id: "a", kind: "sensor", readings: 7, loss: 0.5, norm: 3, distance: 1 }],
    participant_count: 1,
    readings: 7,
    loss: 0.5,
    left_out: 0,
    model: networkModel("room"),
    version: round,
    norm: 3,
  };
}

/** An app whose group "room" has had three rounds. */
async function federated() {
  const deps = await modelDeps(), store = new KvFederationStore(deps.kv, { clock: deps.clock });
  const full = { ...deps, federation: store }, app = makeApp(full);
  for (const round of [1, 2, 3]) {
    await deps.models.register(networkModel("room"), newNetwork(round));
    await store.putRound(record(round));
  }
  const send = async (more: object, text?: string) => {
    const body = { device: "plc-7", group: "room", round: 3, readings: 100, loss: 0.1, weights: WEIGHTS, ...more };
    const response = await app.request("/federation/updates", post(text ?? body));
    return { status: response.status, answer: await response.json(), headers: response.headers };
  };
  return { ...full, app, store, send };
}

Deno.test("GET /federation/model answers with JSON or bytes, and with 304 where nothing has changed", async () => {
  const { app, models } = await federated(), path = "/federation/model?group=room";
  const plain = await app.request(path), { created, ...model } = await plain.json();
  assertEquals(model, {
    group: "room",
    model: "network:room",
    version: 3,
    round: 3,
    shapes: [[2, 1], [1]],
    form: { hidden: 1 },
    weights: WEIGHTS.map((weight) => weight + 3),
  });
  assertEquals([created, plain.headers.get("vary")], ["2026-01-31T12:00:00.000Z", "accept"]);
  const accept = { accept: "application/octet-stream" };
  const binary = await app.request(path, { headers: accept });
  assertEquals(binary.headers.get("content-type"), "application/octet-stream");
  assertEquals(decodeWeights(new Uint8Array(await binary.arrayBuffer())).weights, Float32Array.from(model.weights));
  const etag = plain.headers.get("etag") ?? "", binaryTag = binary.headers.get("etag") ?? "";
  assertMatch(binaryTag, /^"[0-9a-f]{64}"$/);
  const status = async (headers: Record<string, string>) => {
    const response = await app.request(path, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status({ "if-none-match": etag }), 304);
  assertEquals(await status({ "if-none-match": `"x", W/${etag}` }), 304);
  assertEquals(await status({ "if-none-match": etag, ...accept }), 200);
  assertEquals(await status({ "if-none-match": binaryTag, ...accept }), 304);
  await models.registry.rollBack(networkModel("room"));
  assertEquals(await status({ "if-none-match": etag }), 200);
});

Deno.test("GET /federation/rounds and /federation/groups list what there is", async () => {
  const { app, send, store } = await federated();
  await send({});
  const { items: [newest, ...rest], next } = await (await app.request("/federation/rounds?group=room&limit=2")).json();
  assertEquals(newest, { ...record(3), time: "2026-01-31T12:00:00.000Z" });
  assertEquals([rest.length, rest[0].round, next], [1, 2, "2"]);
  const last = await (await app.request(`/federation/rounds?group=room&limit=2&cursor=${next}`)).json();
  assertEquals([last.items.length, last.items[0].round, last.next], [1, 1, undefined]);
  assertEquals((await (await app.request("/federation/groups")).json()).items, [{
    group: "room",
    round: 3,
    time: "2026-01-31T12:00:00.000Z",
    devices: 1,
    waiting: 1,
    model: "network:room",
    version: 3,
    latest: 3,
    pinned: false,
    devices_most: 256,
  }]);
  for (const [path, status] of [["rounds?group=x", 404], ["model?group=x", 404], ["rounds?group=", 400]]) {
    assertEquals([path, (await app.request(`/federation/${path}`)).status], [path, status]);
  }
  assertEquals((await app.request("/federation/rounds?group=room&cursor=x")).status, 400);
  assertEquals((await (await app.request("/federation/rounds")).json()).items.length, 3); // there is but one group
  await store.putRound({ ...record(1), group: "pump" });
  for (const path of ["rounds", "model"]) {
    const { errors: [{ field, message }] } = await (await app.request(`/federation/${path}`)).json();
    assertEquals([field, message], ["group", "group must be said where there are several: pump, room"]);
  }
});

Deno.test("POST /federation/updates takes an update once, as numbers or as bytes", async () => {
  const { send, store } = await federated();
  const first = await send({});
  assertEquals([first.status, first.answer], [202, {
    device: "plc-7",
    group: "room",
    round: 3,
    status: "accepted",
  }]);
  const bytes = new Uint8Array(Float32Array.from(WEIGHTS).buffer).toBase64();
  const again = await send({ weights: bytes, shapes: [[2, 1], [1]] });
  assertEquals([again.status, again.answer.status], [200, "known"]);
  const other = await send({ readings: 101 });
  assertEquals([other.status, other.answer.detail], [
    409,
    "plc-7 has sent other content for round 3 of room; that stays.",
  ]);
  assertEquals((await store.takeUpdates("room", 4)).map(({ device, weights }) => [device, [...weights]]), [
    ["plc-7", WEIGHTS],
  ]);
});

Deno.test("POST /federation/updates names the round that it wants", async () => {
  const { send, store, models } = await federated();
  const ahead = await send({ round: 4 });
  assertEquals([ahead.status, ahead.answer.errors.length, ahead.answer.errors[0].field], [409, 1, "round"]);
  await store.putRound(record(9));
  const stale = await send({ device: "b", round: 2 });
  assertEquals([stale.status, stale.answer.detail], [
    409,
    "Round 2 of room is too far behind: the latest is 9. Get the network anew.",
  ]);
  await models.registry.pin(networkModel("room"), 2); // what is in use is never too old
  assertEquals((await send({ device: "b", round: 2 })).status, 202);
});

Deno.test("POST /federation/updates refuses what is no update, field by field", async () => {
  const { send, store } = await federated();
  const fields = async (more: object, status: number) => {
    const { status: was, answer } = await send(more);
    assertEquals([JSON.stringify(more).slice(0, 80), was], [JSON.stringify(more).slice(0, 80), status]);
    return answer.errors.map(({ field, message }: { field: string; message: string }) => `${field}: ${message}`)
      .join("; ");
  };
  assertStringIncludes(await fields({ weights: [1, 2] }, 422), "weights: weights must be 3 numbers, not 2");
  assertStringIncludes(await fields({ shapes: [[3]] }, 422), "shapes: shapes must be [[2,1],[1]]");
  assertStringIncludes(await fields({ weights: [1, 2, 1e39] }, 400), "weights.2: must be from -1000 to 1000");
  const nan = new Uint8Array(Float32Array.of(0, NaN, 0).buffer).toBase64();
  assertStringIncludes(await fields({ weights: nan }, 400), "weights.1: must be from -1000 to 1000, not NaN");
  assertStringIncludes(await fields({ weights: "AAAA" }, 400), "3 bytes are no Float32");
  assertStringIncludes(await fields({ weights: [1, "2", 3] }, 400), "weights");
  assertStringIncludes(await fields({ readings: 0 }, 400), "readings");
  assertStringIncludes(await fields({ loss: -1 }, 400), "loss");
  assertStringIncludes(await fields({ round: 1.5, device: "" }, 400), "device must not be empty");
  assertStringIncludes(await fields({ more: 1 }, 400), "more");
  assertEquals((await send({ group: "nobody" })).status, 404);
  assertEquals((await send({ weights: new Array(20_000).fill(0) })).status, 400);
  assertEquals((await send({}, "x".repeat(UPDATE_BYTES + 1))).status, 413);
  assertEquals((await send({}, "{")).status, 400);
  assertEquals((await store.group("room"))?.devices, 0);
});

Deno.test("POST /federation/updates answers 503 with Retry-After where there is no room", async () => {
  const { send } = await federated();
  for (let at = 0; at < 256; at++) await send({ device: `d${at}` });
  const { status, headers } = await send({ device: "more" });
  assertEquals([status, headers.get("retry-after")], [503, "60"]);
});

Deno.test("a group's network is listed, pinned and rolled back like any model, and answers nobody itself", async () => {
  const { app } = await federated(), path = `/models/${encodeURIComponent("network:room")}`;
  const { items } = await (await app.request("/models")).json();
  assertEquals(items.map(({ name }: { name: string }) => name).includes("network:room"), true);
  const act = async (what: string, body: object) =>
    (await (await app.request(`${path}/${what}`, post(body))).json()).active;
  assertEquals([await act("rollback", {}), await act("pin", { version: 1 }), await act("unpin", {})], [2, 1, 3]);
  const bytes = await (await app.request(`${path}/versions/2/bytes`)).bytes();
  assertEquals(decodeWeights(bytes).round, 2);
  assertEquals((await app.request("/predict?model=network:room", post({ a: 1 }))).status, 404);
  assertEquals((await app.request("/v2/models/network:room/infer", post({ inputs: [] }))).status, 404);
});

Deno.test("/federation is not there without a federation", async () => {
  const app = makeApp(await modelDeps());
  assertEquals((await app.request("/federation/groups")).status, 404);
});
