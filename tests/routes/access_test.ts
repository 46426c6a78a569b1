import type { Scope } from "../../actors/keys.ts";
import { makeApp } from "../../routes/app.ts";
import { permits, scopeOf } from "../../routes/auth/scopes.ts";
import { FRESH_MS, SESSION_LIMITS } from "../../routes/auth/sessions.ts";
import { OPERATIONS } from "../../routes/openapi/list.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../std/assert.ts";
import { KvSessions } from "../../store/sessions.ts";
import { MemoryKv } from "../memory_kv.ts";
import { TOKEN, wholeDeps } from "./api_fakes.ts";

/** An exposed instance: keys are required. */
async function exposed() {
  const whole = await wholeDeps(), access = { ...whole.access, required: true };
  const deps = { ...whole, access }, app = makeApp(deps);
  const keyOf = async (...scopes: Scope[]) => (await access.keys.create({ name: scopes.join(), scopes })).secret;
  const ask = (key: string, method: string, path: string, body?: string) =>
    app.request(path, {
      method,
      body,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    });
  return { deps, app, access, keyOf, ask };
}

/** A login by the form; the cookie that came back. */
async function loggedIn(app: ReturnType<typeof makeApp>, key: string): Promise<string> {
  const answer = await app.request("/session", {
    method: "POST",
    body: new URLSearchParams({ key }),
    headers: { host: "plant", origin: "http://plant" },
  });
  assertEquals([answer.status, answer.headers.get("location")], [303, "/"]);
  return (answer.headers.get("set-cookie") ?? "").split(";")[0];
}

Deno.test("guard() lets nobody without a key do anything where keys are required, but for what is public", async () => {
  const { app } = await exposed();
  for (const { method, path } of OPERATIONS) {
    const response = await app.request(path.replace(/\{\w+\}/g, "a"), { method: method.toUpperCase() });
    await response.body?.cancel();
    const isPublic = scopeOf(method.toUpperCase(), path) === undefined;
    assertEquals([method, path, response.status === 401], [method, path, !isPublic]);
  }
  assertEquals((await app.request("/nothing")).status, 401);
});

Deno.test("guard() lets a key do what its scopes say and nothing more", async () => {
  const { keyOf, ask, deps } = await exposed();
  const cases: [Scope, string, string, string?][] = [
    ["read", "GET", "/sensors"],
    ["read", "GET", "/metrics"],
    ["read", "POST", "/predict", `{"temperature":30,"humidity":70,"sound_volume":65}`],
    ["ingest", "POST", "/readings", `{"sensor":"a","time":1,"values":{"t":1}}`],
    ["operate", "POST", "/models/parts/unpin", "{}"],
    ["operate", "GET", "/audit"],
    ["operate", "GET", "/config"],
    ["admin", "GET", "/admin/keys"],
    ["admin", "POST", "/admin/stop"],
  ];
  for (const mine of ["read", "ingest", "operate", "admin"] as const) {
    const key = await keyOf(mine);
    for (const [scope, method, path, body] of cases) {
      const response = await ask(key, method, path, body), isAllowed = mine === "admin" || mine === scope;
      assertEquals([mine, path, response.status < 300], [mine, path, isAllowed]);
      if (!isAllowed) assertEquals([response.status, (await response.json()).detail.includes(scope)], [403, true]);
    }
  }
  assertEquals(deps.reported, []);
});

Deno.test("scopeOf() asks for a scope for whatever is not known, however its path is spelt", () => {
  assertEquals([scopeOf("POST", "/anything"), scopeOf("GET", "/anything")], ["operate", "read"]);
  assertEquals(["PROPFIND", "DELETE", "PUT"].map((method) => scopeOf(method, "/sensors/a")), [
    "operate",
    "operate",
    "operate",
  ]);
  assertEquals([scopeOf("PUT", "/config"), scopeOf("GET", "/config")], ["admin", "operate"]);
  assertEquals([permits(["admin"], "read"), permits(["operate"], "read")], [true, false]);
});

Deno.test("guard() judges the path that is routed: an escaped one reaches nothing more", async () => {
  const { app, keyOf, ask } = await exposed(), key = await keyOf("read");
  for (
    const path of ["/%61dmin/stop", "/admin%2fstop", "//admin/stop", "/livez/../admin/stop", "/docs/..%2fadmin/stop"]
  ) {
    const without = await app.request(path, { method: "POST" }), withRead = await ask(key, "POST", path);
    assert([401, 404].includes(without.status), `${path}: ${without.status}`);
    assert([403, 404].includes(withRead.status), `${path}: ${withRead.status}`);
  }
});

Deno.test("guard() needs no key on this machine, but for what an administrator does", async () => {
  const app = makeApp(await wholeDeps());
  assertEquals((await app.request("/sensors")).status, 200);
  const body = JSON.stringify({ name: "a", scopes: ["read"] });
  assertEquals((await app.request("/admin/keys", { method: "POST", body })).status, 401);
  const authorization = `Bearer ${TOKEN}`;
  const made = await app.request("/admin/keys", { method: "POST", body, headers: { authorization } });
  assertEquals(made.status, 201);
  const { id, secret } = await made.json();
  assertMatch(secret, /^sensorium_/);
  const listed = await (await app.request("/admin/keys", { headers: { authorization } })).text();
  assertEquals([listed.includes(id), listed.includes(secret.slice(19))], [true, false]);
  assertEquals((await app.request(`/admin/keys/${id}`, { method: "DELETE", headers: { authorization } })).status, 200);
  assertEquals((await app.request("/sensors", { headers: { authorization: `Bearer ${secret}` } })).status, 401);
});

Deno.test("POST /session opens a session that only its own page can change things with", async () => {
  const { app, keyOf, access } = await exposed();
  const cookie = await loggedIn(app, await keyOf("read", "operate"));
  const ask = (headers: Record<string, string>) =>
    app.request("/models/parts/unpin", { method: "POST", body: "{}", headers: { cookie, host: "plant", ...headers } });
  assertEquals((await app.request("/sensors", { headers: { cookie } })).status, 200);
  assertEquals((await app.request("/", { headers: { accept: "text/html" } })).headers.get("location"), "/login");
  assertEquals((await ask({})).status, 403);
  assertEquals((await ask({ origin: "https://evil.example" })).status, 403);
  assertEquals((await ask({ origin: "http://plant" })).status, 200);
  const { items } = await access.audit.list(10);
  assertEquals(items.map(({ action, name }) => [action, name]), [
    ["POST /models/parts/unpin", "read,operate"],
    ["POST /session", "read,operate"],
  ]);
  const out = await app.request("/session", {
    method: "DELETE",
    headers: { cookie, host: "plant", origin: "http://plant" },
  });
  assertEquals([out.status, (await app.request("/sensors", { headers: { cookie } })).status], [204, 401]);
});

Deno.test("POST /session sets a cookie that no script reads and no other site sends, over TLS where there is any", async () => {
  const { app, keyOf } = await exposed(), key = await keyOf("read"), body = JSON.stringify({ key });
  const plain = await app.request("/session", { method: "POST", body });
  assertEquals(plain.status, 201);
  for (const part of ["HttpOnly", "SameSite=Strict", "Path=/"]) {
    assertStringIncludes(plain.headers.get("set-cookie") ?? "", part);
  }
  assertEquals(plain.headers.get("set-cookie")?.includes("Secure"), false);
  const proxied = await app.request("/session", { method: "POST", body, headers: { "x-forwarded-proto": "https" } });
  assertStringIncludes(proxied.headers.get("set-cookie") ?? "", "Secure");
  for (const wrong of ["", "{}", `{"key":1}`, "key=", "x".repeat(5_000)]) {
    assert([400, 413].includes((await app.request("/session", { method: "POST", body: wrong })).status), wrong);
  }
});

Deno.test("Sessions end: after a time without use, with their key, and with a bounded number of others", async () => {
  const { app, keyOf, access, deps } = await exposed(), key = await keyOf("read");
  const works = async (cookie: string) => (await app.request("/sensors", { headers: { cookie } })).status === 200;
  const idle = await loggedIn(app, key);
  await deps.clock.advance(SESSION_LIMITS.idleMs);
  assertEquals(await works(idle), true);
  await deps.clock.advance(SESSION_LIMITS.idleMs + 1);
  assertEquals(await works(idle), false);
  const first = await loggedIn(app, key);
  for (let i = 0; i < SESSION_LIMITS.sessions; i++) await loggedIn(app, key);
  const last = await loggedIn(app, key);
  assertEquals([await works(first), await works(last)], [false, true]);
  await access.keys.revoke(key.slice(10, 18));
  assertEquals(await works(last), false);
});

Deno.test("Sessions over a store are known to every process, and end for all of them", async () => {
  const { app, keyOf, access, deps } = await exposed(), kv = new MemoryKv(), key = await keyOf("read");
  // Three processes over one store; the one that opens the session may be gone when the next request comes.
  const process = () => makeApp({ ...deps, access: { ...access, sessions: new KvSessions(kv) } });
  const [one, two, three] = [process(), process(), process()];
  const works = async (at: typeof app, cookie: string) =>
    (await at.request("/sensors", { headers: { cookie } })).status === 200;
  const cookie = await loggedIn(one, key), stranger = cookie.replace(/.$/, (last) => last === "A" ? "B" : "A");
  assertEquals(await Promise.all([works(two, cookie), works(three, cookie), works(app, cookie)]), [true, true, false]);
  assertEquals(await Promise.all([works(two, stranger), works(two, "sensorium_session=x")]), [false, false]);
  assertEquals(
    [...kv.entries.values()].some(({ value }) => JSON.stringify(value).includes(cookie.split("=")[1])),
    false,
  );
  // Used here and there for two days, it stays; unused for longer than it may, it ends everywhere.
  for (let i = 0; i < 5; i++) {
    await deps.clock.advance(SESSION_LIMITS.idleMs - 1_000_000);
    assertEquals(await works([one, two][i % 2], cookie), true, `after ${i + 1} stretches`);
  }
  await deps.clock.advance(SESSION_LIMITS.idleMs + 1);
  assertEquals(await Promise.all([works(one, cookie), works(two, cookie)]), [false, false]);
  const other = await loggedIn(two, key);
  assertEquals(await works(one, other), true);
  await three.request("/session", {
    method: "DELETE",
    headers: { cookie: other, host: "plant", origin: "http://plant" },
  });
  await deps.clock.advance(FRESH_MS + 1);
  assertEquals(await Promise.all([works(one, other), works(two, other)]), [false, false]);
  const last = await loggedIn(one, key);
  await access.keys.revoke(key.slice(10, 18));
  assertEquals(await works(two, last), false);
});

Deno.test("auditing() writes down what was done, by whom, and nothing that was refused", async () => {
  const { app, ask, keyOf, access } = await exposed(), operate = await keyOf("operate"), read = await keyOf("read");
  await ask(operate, "POST", "/models/parts/pin", `{"version":1}`);
  await ask(operate, "POST", "/models/parts/pin", `{"version":9}`);
  await ask(read, "POST", "/models/parts/pin", `{"version":1}`);
  await ask(read, "POST", "/predict", "{}");
  await app.request("/models/parts/pin", { method: "POST", body: `{"version":1}` });
  const { items } = await access.audit.list(10);
  assertEquals(items.map(({ actor, name, action, status }) => [actor, name, action, status]), [
    [operate.slice(10, 18), "operate", "POST /models/parts/pin", 200],
  ]);
  assert(items[0].request !== undefined);
  const listed = await (await ask(operate, "GET", "/audit")).json();
  assertEquals([listed.items.length, listed.items[0].time.endsWith("Z")], [1, true]);
});

Deno.test("guard() ends a stream whose key was revoked, at the next heartbeat", async () => {
  const { app, access, keyOf, deps } = await exposed(), key = await keyOf("read"), other = await keyOf("read");
  const open = async (key: string) => {
    const { body } = await app.request("/alerts/stream", { headers: { authorization: `Bearer ${key}` } });
    const reader = body!.getReader();
    let isOver = false;
    void (async () => {
      while (!(await reader.read()).done);
      isOver = true;
    })();
    return { isOver: () => isOver };
  };
  const mine = await open(key), theirs = await open(other);
  await deps.clock.advance(15_000);
  assertEquals([mine.isOver(), theirs.isOver()], [false, false]);
  await access.keys.revoke(key.slice(10, 18));
  await deps.clock.advance(15_000);
  assertEquals([mine.isOver(), theirs.isOver()], [true, false]);
  deps.down.abort();
});
