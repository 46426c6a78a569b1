import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../std/assert.ts";
import { Folder, run, startInstance } from "../process.ts";

Deno.test("keys() makes, lists and takes back keys, at rest and of a running instance that asks for them", async () => {
  await using folder = new Folder();
  const dataDir = ["--data-dir", folder.at("data")];
  const made = await run(["keys", "create", "at rest", "--scopes", "read", ...dataDir]);
  assertEquals(made.code, 0, made.error);
  const key = made.out.trim();
  assertMatch(key, /^sensorium_[a-z2-7]{8}_[\w-]{43}$/);
  const { program, url } = await startInstance(["--port", "0", "--scenario", "none", "--host", "0.0.0.0", ...dataDir]);
  await using _ = program;
  const status = async (path: string, bearer?: string) => {
    const answer = await fetch(url + path, {
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    });
    await answer.body?.cancel();
    return answer.status;
  };
  assertEquals([await status("/summary"), await status("/livez"), await status("/summary", key)], [401, 200, 200]);
  const live = await run(["keys", "create", "live", "--scopes", "ingest,operate", "--days", "30", ...dataDir]);
  assertEquals([live.code, await status("/audit", live.out.trim())], [0, 200]);
  const listed = await run(["keys", ...dataDir]);
  assertStringIncludes(listed.out, "at rest  read  since");
  assertMatch(listed.out, /live {2}ingest,operate {2}since .+ until/);
  assertEquals(listed.out.includes(key.slice(19)), false);
  assertEquals((await run(["keys", "revoke", key.slice(10, 18), ...dataDir])).code, 0);
  assertEquals(await status("/summary", key), 401);
  const audit = await (await fetch(`${url}/audit`, { headers: { authorization: `Bearer ${live.out.trim()}` } })).text();
  for (const part of ["keys create", "POST /admin/keys", "DELETE /admin/keys/"]) assertStringIncludes(audit, part);
  const doctor = await run(["doctor", "--json", ...dataDir]);
  const { findings } = JSON.parse(doctor.out);
  assertEquals([doctor.code, findings[0].level, findings[0].about], [0, "ok", "instance"]);
  const wrong = findings.filter(({ level }: { level: string }) => level !== "ok");
  assertEquals(wrong.map(({ about, seen }: { about: string; seen: string }) => [about, seen]), [
    ["network", "it listens on 0.0.0.0, without TLS"],
  ]);
});

Deno.test("keys() says what was asked wrongly, and doctor() that nothing runs", async () => {
  await using folder = new Folder();
  const dataDir = ["--data-dir", folder.at("data")];
  const cases: [string[], RegExp][] = [
    [["make"], /list, create or revoke, not "make"/],
    [["create"], /needs NAME/],
    [["create", "a"], /needs --scopes with some of read, ingest, operate, admin/],
    [["create", "a", "--scopes", "root"], /--scopes must be some of .*, not root/],
  ];
  for (const [args, message] of cases) {
    const { code, error } = await run(["keys", ...args, ...dataDir]);
    assertEquals([args, code, message.test(error)], [args, 2, true]);
  }
  const doctor = await run(["doctor", ...dataDir]);
  assertEquals(doctor.code, 1);
  assert(doctor.out.includes("Begin one: deno task start"));
});
