import { MongoClient } from "mongodb";
import { roundItems } from "../../../sinks/delivery/models.ts";
import { MongoSink } from "../../../sinks/mongodb/sink.ts";
import { assertEquals, assertRejects } from "../../../std/assert.ts";
import { type MongoServer, mongoServer } from "../../servers/mongodb.ts";
import { freePorts } from "../../servers/server.ts";
import { need, type Needed, testWith } from "../../servers/needed.ts";
import { readingAt } from "../delivery/partition.ts";
import { sinkConformance, type SinkServer } from "../conformance.ts";

const server = await need("MongoDB", () => mongoServer()), signal = new AbortController().signal;

/** All documents of a collection, in order of id. */
async function documentsOf(url: string, collection: string) {
  const client = new MongoClient(url);
  try {
    return await client.db().collection(collection).find().sort({ _id: 1 }).toArray();
  } finally {
    await client.close();
  }
}

function forSuite(server: MongoServer): SinkServer {
  return {
    place() {
      const url = server.database();
      return Promise.resolve({
        sink: (isHasty) => new MongoSink({ url, ...(isHasty ? { serverMs: 300 } : {}) }),
        poison: (item) => ({ ...item, message: "x".repeat(17 << 20) }), // a document has 16 MiB
        stored: async () => ({
          readings: await documentsOf(url, "predictions"),
          windows: await documentsOf(url, "windows"),
          alerts: (await documentsOf(url, "alert_transitions")).filter(({ transition }) => transition === "raised"),
          more: await documentsOf(url, "alert_transitions"),
        }),
      });
    },
    stop: () => server.stop(),
    start: () => server.again(),
    silence: (isSilent) => server.silence(isSilent),
  };
}

const needed: Needed<SinkServer> = "server" in server ? { server: forSuite(server.server) } : server;
sinkConformance("MongoSink", needed);

testWith(server, "MongoSink keeps every round of a model, and the current one beside", async (server) => {
  const url = server.database(), sink = new MongoSink({ url });
  const round = (number: number) => {
    const contributions = [{
      id: "mote/1",
      kind: "sensor",
      readings: 40,
      weights: new Float32Array([0.1, -0.5, 1e-7]),
    }] as const;
    const record = {
      group: "mote",
      round: number,
      time: 1_772_323_200_000 + number,
      method: "fedavg",
      participants: [],
      participant_count: 1,
      readings: 40,
      loss: 0.25,
      left_out: 0,
      model: "network-mote",
      norm: 1,
    } as const;
    return roundItems(contributions, { weights: new Float32Array([number, -0.5]), record }, number);
  };
  const model = (number: number) => round(number).global, local = round(3).local[0];
  for (const rounds of [[1, 2], [3], [2]]) {
    await sink.deliver({ kind: "global_models", partition: "-models", items: rounds.map(model) }, signal);
  }
  await sink.deliver({ kind: "local_models", partition: "-models", items: [local, local] }, signal);
  await sink.close();
  const stored = await documentsOf(url, "global_model");
  assertEquals(stored.map(({ _id, round }) => [String(_id), round]), [
    ["mote/1", 1],
    ["mote/2", 2],
    ["mote/3", 3],
    ["mote/current", 3],
  ]);
  const [document, ...others] = await documentsOf(url, "local_models");
  assertEquals([String(document._id), document.participant, document.loss], ["mote/3/sensor/mote%2F1", "mote/1", null]);
  assertEquals(new Float32Array(document.weights), new Float32Array([0.1, -0.5, 1e-7]));
  assertEquals(others, []);
});

testWith(server, "MongoSink says in one sentence what is wrong, without the password", async (server) => {
  const port = freePorts(1)[0], hosts = `127.0.0.1:${server.ports.mongodb}`;
  // As long as it waits for a server that is not there; one that is there is given its usual time.
  const cases: readonly (readonly [url: string, message: string, serverMs?: number])[] = [
    [`mongodb://alice:s3cret@127.0.0.1:${port}/plant`, `no MongoDB answers at 127.0.0.1:${port}`, 500],
    [
      "mongodb://alice:s3cret@no-such-host.invalid/plant",
      "there is no host no-such-host.invalid: look at the MongoDB URL",
      2_000,
    ],
    [
      `mongodb://alice:s3cret@${hosts}/plant`,
      `MongoDB at ${hosts} knows no logins: leave user and password out of its URL`,
    ],
  ];
  for (const [url, message, serverMs] of cases) {
    const sink = new MongoSink({ url, ...(serverMs === undefined ? {} : { serverMs }) });
    await assertRejects(() => sink.open(signal), Error, message);
    await sink.close();
  }
});

testWith(server, "MongoSink takes channels of any name", async (server) => {
  const url = server.database(), sink = new MongoSink({ url });
  const values = { "a.b": 1, "$c": 2, "": 3 };
  await sink.deliver({ kind: "readings", partition: "hall", items: [{ ...readingAt("hall", 1), values }] }, signal);
  await sink.close();
  assertEquals((await documentsOf(url, "predictions"))[0].values, values);
});
