/**
 * Attacks on the whole app that were tried, and how each one ends. `docs/security.md` has the table of them; those on the
 * process are in `tests/commands/attacks_test.ts`.
 *
 * @module
 */
import { makeApp } from "../../routes/app.ts";
import { assets } from "../../routes/assets.ts";
import { SensorQuota } from "../../routes/limits_sensors.ts";
import { localNames } from "../../commands/instance/access.ts";
import { serve } from "../../routes/serve.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../std/assert.ts";
import { scaled, TOKEN, wholeDeps } from "./api_fakes.ts";
import { settle } from "./fakes.ts";

const json = { "content-type": "application/json" };
const reading = (sensor: string) => JSON.stringify({ sensor, time: 1, values: { t: 1 } });

/** An app that listens, and a way to send it bytes as they are. */
async function listening(run: (send: (text: string) => Promise<string>, host: string) => Promise<void>, more = {}) {
  const deps = await wholeDeps(more), app = makeApp(deps, assets());
  const server = serve(app, { hostname: "127.0.0.1", port: 0 }), { port } = server.addr;
  const send = async (text: string): Promise<string> => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }), decoder = new TextDecoder();
    let answer = "";
    try {
      await connection.write(new TextEncoder().encode(text));
      await connection.closeWrite();
      for await (const chunk of connection.readable) answer += decoder.decode(chunk, { stream: true });
    } catch {
      // reset by the server: what came before is the answer
    }
    return answer;
  };
  try {
    await run(send, `127.0.0.1:${port}`);
  } finally {
    deps.down.abort();
    await server.shutdown();
  }
  assertEquals(deps.reported, []);
}

Deno.test("attack: bodies over the limit, declared or not, are answered with 413", async () => {
  const app = makeApp(await wholeDeps()), authorization = `Bearer ${TOKEN}`;
  const cases = [["/predict", 1 << 20], ["/readings", 1 << 20], ["/admin/keys", 4 << 10], [
    "/session",
    4 << 10,
  ]] as const;
  for (const [path, most] of cases) {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    const headers = { ...json, authorization };
    const undeclared = await app.request(path, { method: "POST", body: endless, headers });
    assertEquals([path, undeclared.status], [path, 413]);
    assert(pulled <= most + 4 * 65_536, `${path} read ${pulled} bytes`);
    const declared = { ...headers, "content-length": String(2 ** 40) };
    assertEquals((await app.request(path, { method: "POST", body: "{}", headers: declared })).status, 413);
  }
});

Deno.test("attack: a compressed body is not unpacked", async () => {
  const app = makeApp(await wholeDeps());
  const packed = new Blob(["0".repeat(1 << 20)]).stream().pipeThrough(new CompressionStream("gzip"));
  const bomb = await new Response(packed).bytes(), headers = { ...json, "content-encoding": "gzip" };
  for (const path of ["/readings", "/predict", "/session"]) {
    assertEquals((await app.request(path, { method: "POST", body: bomb, headers })).status, 415);
  }
});

Deno.test("attack: a line of 1 MiB is refused, those around it are taken", async () => {
  const app = makeApp(await wholeDeps());
  const body = [reading("a"), `{"sensor":"${"x".repeat(1 << 20)}"}`, reading("b")].join("\n");
  const answer = await app.request("/readings", {
    method: "POST",
    body,
    headers: { "content-type": "application/x-ndjson" },
  });
  const { accepted, rejected, errors } = await answer.json();
  assertEquals([accepted, rejected, errors[0].line], [2, 1, 2]);
});

Deno.test("attack: a body that stops in the middle is given up after the time-out", async () => {
  const deps = await wholeDeps({ limits: { answerMs: 30_000 } }), app = makeApp(deps);
  const stuck = () => new ReadableStream<Uint8Array>({ start: (c) => c.enqueue(new TextEncoder().encode(`{"a":`)) });
  const asked = ["/predict", "/readings", "/session"].map((path) =>
    app.request(path, { method: "POST", body: stuck(), headers: json })
  );
  await settle();
  for (let i = 0; i < 62; i++) await deps.clock.advance(1_000);
  assertEquals((await Promise.all(asked)).map(({ status }) => status), [408, 408, 408]);
  deps.down.abort();
});

Deno.test("attack: connections that send half a request and wait take nothing from others", () =>
  listening(async (send, host) => {
    const [hostname, port] = host.split(":"), waiting: Deno.Conn[] = [];
    for (let i = 0; i < 200; i++) {
      const connection = await Deno.connect({ hostname, port: Number(port) });
      waiting.push(connection);
      await connection.write(new TextEncoder().encode(`POST /readings HTTP/1.1\r\nhost: ${host}\r\ncontent-le`));
    }
    const answer = await send(`GET /summary HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    assertMatch(answer, /^HTTP\/1.1 200/);
    for (const connection of waiting) connection.close();
  }));

Deno.test("attack: deeply nested JSON is refused", async () => {
  const app = makeApp(await wholeDeps()), deep = "[".repeat(100_000) + "]".repeat(100_000);
  const nested = `{"sensor":"a","time":1,"values":{"t":${deep}},"attributes":${deep}}`;
  for (const path of ["/predict", "/session", "/models/parts/pin", "/v2/models/parts/infer"]) {
    for (const body of [deep, nested]) {
      const { status } = await app.request(path, { method: "POST", body, headers: json });
      assertEquals([path, status], [path, path === "/session" || path.endsWith("/pin") ? 413 : 400]);
    }
  }
  const answer = await app.request("/readings", { method: "POST", body: nested, headers: json });
  assertEquals([answer.status, (await answer.json()).rejected], [400, 1]);
});

Deno.test("attack: names of prototypes are names or refused, and change no prototype", async () => {
  const app = makeApp(await wholeDeps());
  const bodies = [
    `{"__proto__":{"polluted":1},"temperature":30,"humidity":70,"sound_volume":65}`,
    `{"constructor":{"prototype":{"polluted":1}}}`,
    `{"sensor":"__proto__","time":1,"values":{"__proto__":1}}`,
    `{"sensor":"constructor","time":1,"values":{"constructor":1},"attributes":{"__proto__":"x"}}`,
    `{"key":"x","__proto__":{"polluted":1}}`,
  ];
  for (const path of ["/readings", "/predict", "/session", "/models/__proto__/pin", "/v2/models/constructor/infer"]) {
    for (const body of bodies) {
      const { status } = await app.request(path, { method: "POST", body, headers: json });
      assert(status < 500, `${path} ${body}: ${status}`);
    }
  }
  for (
    const path of ["/sensors?__proto__=1", "/sensors/__proto__", "/models/constructor", "/alerts/__proto__", "/metrics"]
  ) {
    assert([200, 400, 404].includes((await app.request(path)).status), path);
  }
  assertEquals([({} as Record<string, unknown>).polluted, Object.keys(Object.prototype)], [undefined, []]);
});

Deno.test("attack: numbers without bounds and halves of characters are refused, a key given twice counts once", async () => {
  const deps = await wholeDeps(), app = makeApp(deps);
  const post = async (body: string) => {
    const answer = await app.request("/readings", { method: "POST", body, headers: json });
    const { accepted, errors } = await answer.json();
    return [accepted, errors?.[0]?.field];
  };
  const cases: [string, number, string?][] = [
    [`{"sensor":"a","time":1,"values":{"t":1e999}}`, 0, "values.t"],
    [`{"sensor":"a","time":1,"values":{"t":1e101}}`, 0, "values.t"],
    [`{"sensor":"a","time":1,"values":{"t":${"9".repeat(5_000)}}}`, 0, "values.t"],
    [`{"sensor":"a","time":1e999,"values":{"t":1}}`, 0, "time"],
    [`{"sensor":"a","time":253402300800000,"values":{"t":1}}`, 0, "time"],
    [`{"sensor":"\\ud800","time":1,"values":{"t":1}}`, 0, "sensor"],
    [`{"sensor":"a\\u001b[31m","time":1,"values":{"t":1}}`, 0, "sensor"],
    [`{"sensor":"first","sensor":"","time":1,"values":{"t":1}}`, 0, "sensor"],
    [`{"sensor":"","sensor":"last","time":1,"values":{"t":"x"},"values":{"t":1}}`, 1],
  ];
  for (const [body, accepted, field] of cases) {
    assertEquals([body.slice(0, 80), ...await post(body)], [body.slice(0, 80), accepted, field]);
  }
});

Deno.test("attack: names that look alike are other sensors, and count for the quota", async () => {
  const { clock } = await wholeDeps(), known = { has: () => false, count: 0 };
  const sensors = new SensorQuota({ all: 4, ofClient: 4 }, known, clock);
  const app = makeApp(await wholeDeps({ limits: { sensors } }));
  const names = ["\u00e9", "e\u0301", "a\u200b", "\u202ea", "a"];
  const headers = { "content-type": "application/x-ndjson" };
  const answer = await app.request("/readings", { method: "POST", body: names.map(reading).join("\n"), headers });
  const { accepted, rejected } = await answer.json();
  assertEquals([accepted, rejected], [4, 1]);
});

Deno.test("attack: line breaks make no header, no line of a log, and no event", () =>
  listening(async (send, host) => {
    const head = (path: string, more = "") =>
      `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n${more}\r\n`;
    const echoed = await send(head("/livez", "x-request-id: a%0d%0ax-evil: 1\r\n"));
    assertEquals(/^x-evil/im.test(echoed), false);
    const named = await send(head("/sensors/a%0d%0aset-cookie:%20x=1"));
    assertMatch(named, /^HTTP\/1.1 404/);
    assertEquals(/^set-cookie/im.test(named), false);
    assertEquals(named.split("\r\n\r\n")[1].trim().split("\n").length, 1, "the problem stays on one line");
  }));

Deno.test("attack: a line break in a path does not reach the audit log", async () => {
  const deps = await wholeDeps(), app = makeApp(deps);
  const { models: { registry } } = deps;
  registry.unpin = () => registry.state("parts").then((state) => state!);
  await app.request("/models/a%0aroot%20did%20it%e2%80%ae/unpin", { method: "POST", body: "{}" });
  const { items } = await deps.access.audit.list(1);
  assertEquals(items[0].action, "POST /models/a?root did it?/unpin");
});

Deno.test("attack: two lengths for one body get one answer", () =>
  listening(async (send, host) => {
    const smuggled = "GET /summary HTTP/1.1\r\nhost: x\r\n\r\n";
    const answer = await send(
      `POST /predict HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${smuggled.length + 5}\r\n` +
        `transfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    );
    assert(!answer.includes('"sensors"'), answer);
    const twice = await send(
      `POST /predict HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x`,
    );
    assertEquals(/^HTTP\/1.1 (400|$)/.test(twice) || twice === "", true, twice);
  }));

Deno.test("attack: no path leads to a file that is not the page's", () =>
  listening(async (send, host) => {
    const paths = [
      "/static/../../deno.json",
      "/static/..%2f..%2fdeno.json",
      "/static/%2e%2e/%2e%2e/deno.json",
      "/static//etc/passwd",
      "/vendor/..\\..\\deno.json",
      "/static/main.js%00.json",
      "/docs/../../deno.json",
      "/static/__proto__",
    ];
    for (const path of paths) {
      const answer = await send(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      assertEquals([path, /^HTTP\/1.1 (400|404)/.test(answer), answer.includes("sensorium/sensorium")], [
        path,
        true,
        false,
      ]);
    }
  }));

Deno.test("attack: another site's page changes nothing", async () => {
  const deps = await wholeDeps({ hosts: localNames(undefined) }), app = makeApp(deps), before = deps.kv.entries.size;
  const host = "127.0.0.1:8000";
  for (const origin of ["https://evil.example", "null", "http://127.0.0.1:9000", "file://"]) {
    for (const path of ["/readings", "/models/parts/unpin", "/session", "/predict"]) {
      const { status } = await app.request(path, { method: "POST", body: "{}", headers: { ...json, host, origin } });
      assertEquals([origin, path, status], [origin, path, 403]);
    }
  }
  const form = await app.request("/readings", {
    method: "POST",
    body: reading("a"),
    headers: { host, "content-type": "text/plain" },
  });
  assertEquals([form.status, deps.kv.entries.size], [415, before]);
  const rebound = await app.request("/summary", { headers: { host: "evil.example" } });
  assertEquals(rebound.status, 403);
});

Deno.test("attack: a proxy on this machine lets strangers in with a key alone", async () => {
  const app = makeApp(await wholeDeps());
  for (const name of ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-host", "x-forwarded-proto"]) {
    assertEquals((await app.request("/summary", { headers: { [name]: "203.0.113.9" } })).status, 401);
  }
});

Deno.test("attack: wrong keys in bulk are slowed down, and keep nobody out", async () => {
  const deps = await wholeDeps(), app = makeApp(deps), statuses = new Map<number, number>();
  const { secret } = await deps.access.keys.create({ name: "a", scopes: ["read"] });
  const from = { remoteAddr: { hostname: "203.0.113.9" } };
  const ask = (key: string) => app.request("/summary", { headers: { authorization: `Bearer ${key}` } }, from);
  for (let i = 0; i < scaled(2_000); i++) {
    const { status } = await ask(`sensorium_aaaaaaaa_${String(i).padStart(43, "A")}`);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  assertEquals([...statuses.keys()].sort(), [401, 429]);
  assertEquals([statuses.get(401), (await ask(secret)).status], [20, 200]);
  assertEquals((await deps.access.audit.list(9)).items, [], "the audit log cannot be flushed this way");
});

Deno.test("attack: a session of the attacker's choice is none", async () => {
  const whole = await wholeDeps(), app = makeApp({ ...whole, access: { ...whole.access, required: true } });
  const cookie = `sensorium_session=${"A".repeat(43)}`,
    { secret } = await whole.access.keys.create({ name: "a", scopes: ["read"] });
  assertEquals((await app.request("/summary", { headers: { cookie } })).status, 401);
  const login = await app.request("/session", {
    method: "POST",
    body: JSON.stringify({ key: secret }),
    headers: { cookie },
  });
  assertEquals([login.status, login.headers.get("set-cookie")?.includes("A".repeat(43))], [201, false]);
  assertEquals((await app.request("/summary", { headers: { cookie } })).status, 401);
});

Deno.test("attack: a million invented sensors fill neither memory nor store", async () => {
  const count = scaled(50_000), known = { has: () => false, count: 0 };
  const limits = (clock: ConstructorParameters<typeof SensorQuota>[2]) => ({
    sensors: new SensorQuota({ all: 2_000, ofClient: 1_000 }, known, clock),
  });
  const { clock } = await wholeDeps(), app = makeApp(await wholeDeps({ limits: limits(clock) }));
  let left = count, next = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left <= 0) return controller.close();
      const lines = Array.from({ length: Math.min(left, 1_000) }, () => reading(`invented-${next++}`));
      left -= lines.length;
      controller.enqueue(new TextEncoder().encode(`${lines.join("\n")}\n`));
    },
  });
  const answer = await app.request("/readings", {
    method: "POST",
    body,
    headers: { "content-type": "application/x-ndjson" },
  });
  const { accepted, rejected, errors } = await answer.json();
  assertEquals([accepted, rejected, errors.length], [1_000, count - 1_000, 100]);
  assertStringIncludes(errors[0].message, "1000 new sensors a day are allowed to one client");
});

Deno.test("attack: addresses and methods that nobody has are refused", () =>
  listening(async (send, host) => {
    const many = Array.from({ length: 1_000 }, (_, i) => `p${i}=1`).join("&");
    for (
      const path of [`/sensors/${"a".repeat(100_000)}`, `/sensors?${many}`, `/sensors?cursor=${"x".repeat(5_000)}`]
    ) {
      const answer = await send(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      assertMatch(answer, /^HTTP\/1.1 4\d\d/);
    }
    const overridden = await send(
      `GET /models/parts HTTP/1.1\r\nhost: ${host}\r\nx-http-method-override: DELETE\r\nconnection: close\r\n\r\n`,
    );
    assertMatch(overridden, /^HTTP\/1.1 200/);
  }));

Deno.test("attack: no answer may be framed, guessed at, or kept by a cache unasked", async () => {
  const app = makeApp(await wholeDeps(), assets());
  for (const path of ["/", "/docs", "/login", "/sensors", "/nothing", "/metrics", "/openapi.json", "/static/main.js"]) {
    const { headers } = await app.request(path), policy = headers.get("content-security-policy") ?? "";
    assertStringIncludes(policy, "frame-ancestors 'none'");
    assertEquals([path, policy.includes("unsafe")], [path, false]);
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("x-frame-options"), "DENY");
    assertMatch(headers.get("cache-control") ?? "", /no-store|no-cache/);
  }
});
