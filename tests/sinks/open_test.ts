import { sinkOf } from "../../sinks/open.ts";
import { placeOfUrl } from "../../sinks/mongodb/errors.ts";
import { postgresUrlSchema } from "../../sinks/postgres/address.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";

Deno.test("sinkOf() makes the sink of a URL, named after its kind unless it has a name", async () => {
  const sinks = await Promise.all([
    sinkOf({ url: "postgres://w:p@db/plant" }),
    sinkOf({ url: "mongodb://db/plant" }),
    sinkOf({ url: "mongodb://db/plant", name: "archive" }),
  ]);
  assertEquals(sinks.map(({ name }) => name), ["postgres", "mongodb", "archive"]);
  for (const sink of sinks) await sink.close(); // never opened
});

Deno.test("sinkOf() refuses other URLs in one sentence, without what may be a password", async () => {
  const cases: [string, RegExp][] = [
    ["mysql://w:s3cret@db/plant", /^a sink's URL must begin with postgres:\/\/, .*, not mysql:\/\/$/],
    ["s3cret", /^a sink's URL must begin with [^,]*, [^,]*, [^,]*, [^,]*$/],
    ["postgres://w:s3cret@db", /must name role, host and database/],
    ["postgres://db/plant?s3cret", /must name role, host and database/],
    ["postgres://w:s3cret@db/plant?sslmode=maybe", /^sslmode must be one of disable, require, verify-full, not maybe$/],
    ["postgres://w:s3cret@db/plant?timeout=3", /takes sslmode and no timeout$/],
    ["mongodb://w:s3cret@/plant", /^a MongoDB URL must look like/],
  ];
  for (const [url, message] of cases) {
    const error = await assertRejects(() => sinkOf({ url }), TypeError);
    assert(message.test(error.message), `${url}: ${error.message}`);
    assert(!error.message.includes("s3cret"), error.message);
  }
});

Deno.test("a PostgreSQL URL is protected unless it stays on the machine; parts may be escaped", () => {
  const modes = ["localhost", "127.0.0.1", "[::1]", "db.example", "10.0.0.7"]
    .map((host) => postgresUrlSchema.parse(`postgres://w:p@${host}/plant`).sslmode);
  assertEquals(modes, ["disable", "disable", "disable", "verify-full", "verify-full"]);
  const { user, password, database, port, host } = postgresUrlSchema.parse("postgres://a%40b:p%2Fw@[::1]:5433/my%20db");
  assertEquals([user, password, database, port, host], ["a@b", "p/w", "my db", 5433, "::1"]);
});

Deno.test("placeOfUrl() says where a MongoDB is, without its password", () => {
  assertEquals(placeOfUrl("mongodb://u%40v:pw@a:1,b:2/plant?w=1"), {
    hosts: "a:1,b:2",
    database: "plant",
    user: "u@v",
  });
  assertEquals(placeOfUrl("mongodb+srv://cluster.example"), { hosts: "cluster.example", database: "sensorium" });
  assertEquals(placeOfUrl("http://x"), undefined);
});
