/**
 * What a person reads who asks `partitions` for what cannot be.
 *
 * @module
 */
import { openKv } from "../../commands/instance/database.ts";
import { partitions } from "../../commands/partitions.ts";
import { CommandError, UsageError } from "../../commands/process/errors.ts";
import { assertEquals, assertMatch, assertRejects } from "../../std/assert.ts";

Deno.test("partitions() says what it takes where it is asked wrongly", async () => {
  const kv = ["--kv", "http://127.0.0.1:9"];
  const cases: (readonly [args: string[], says: RegExp])[] = [
    [[], /needs --kv with the URLs of all KV servers$/],
    [["--kv", "plant.kv"], /needs --kv with the URLs of all KV servers, not the file plant.kv$/],
    [["mvoe", ...kv], /list, to move or to rebalance, not "mvoe"/],
    [["move", "kafka-a-0", ...kv], /needs PARTITION and URL, or --all-from/],
    [["rebalance", "kafka-a-0", ...kv], /rebalance takes no kafka-a-0/],
    [["list", "--all-from", "http://127.0.0.1:9", ...kv], /list takes no --all-from/],
    [["--kv", "http://kv1:65536"], /http:\/\/kv1:65536 is no URL; that of a KV server is http:\/\/host:port/],
  ];
  for (const kv of ["htp://kv1:4512", "kv1:4512", "http://kv1:4512,kv2:4512", "http://"]) {
    cases.push([["--kv", kv], /--kv must be the path of a file, or URLs of KV servers .*, not "/]);
  }
  for (const [args, says] of cases) {
    assertMatch((await assertRejects(() => partitions(args), UsageError)).message, says);
  }
});

Deno.test("openKv() says of a KV server in a few words why it cannot be opened", async () => {
  const refuse = () => new Response("Invalid access token.", { status: 401 });
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, refuse);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const { name, message } = await assertRejects(() => openKv(url), CommandError);
  assertEquals(name, "TokenError", "nobody waits for such a server");
  assertMatch(message, /^cannot open the KV server http:\S+: .*DENO_KV_ACCESS_TOKEN/);
});
