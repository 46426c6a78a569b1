import { assertEquals, assertThrows } from "../../std/assert.ts";
import { makeApp } from "../../routes/app.ts";
import { localNames } from "../../commands/instance/access.ts";
import { fakeDeps } from "./fakes.ts";

const token = "0123456789abcdef-token";

Deno.test("sameOrigin() refuses names that this machine does not have, on every path", async () => {
  const app = makeApp(fakeDeps({ hosts: localNames(undefined) }));
  for (const host of ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"]) {
    assertEquals((await app.request("/livez", { headers: { host } })).status, 200, host);
  }
  for (const host of ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", ""]) {
    for (const path of ["/livez", "/sensors", "/alerts/stream", "/nothing"]) {
      assertEquals((await app.request(path, { headers: { host } })).status, 403, `${host}${path}`);
    }
  }
});

Deno.test("sameOrigin() allows any name where other machines can connect, and a proxy's where they cannot", async () => {
  const proxied = makeApp(fakeDeps({ hosts: localNames("https://plant.example/") }));
  assertEquals((await proxied.request("/livez", { headers: { host: "plant.example" } })).status, 200);
  const app = makeApp(fakeDeps());
  assertEquals((await app.request("/livez", { headers: { host: "plant.example" } })).status, 200);
});

Deno.test("sameOrigin() refuses what a page of another origin makes a browser send", async () => {
  let stops = 0;
  const app = makeApp(fakeDeps({ token, stop: () => void stops++ }));
  const send = (origin: string) =>
    app.request("/admin/stop", {
      method: "POST",
      headers: { host: "localhost:8000", origin, authorization: `Bearer ${token}` },
    });
  for (const origin of ["https://evil.example", "null", "http://localhost:9000", "nonsense"]) {
    assertEquals((await send(origin)).status, 403, origin);
  }
  assertEquals(stops, 0);
  assertEquals((await send("http://localhost:8000")).status, 202);
  assertEquals(stops, 1);
});

Deno.test("bearer() guards /admin with the token and nothing less", async () => {
  let stops = 0;
  const app = makeApp(fakeDeps({ token, stop: () => void stops++ }));
  const wrong = ["", "Bearer", `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`, `Bearer ${token} x`];
  for (const authorization of wrong) {
    const response = await app.request("/admin/stop", { method: "POST", headers: { authorization } });
    assertEquals([response.status, response.headers.get("www-authenticate")], [401, 'Bearer realm="sensorium"']);
  }
  assertEquals(stops, 0);
  const right = { method: "POST", headers: { authorization: `Bearer ${token}` } };
  assertEquals((await app.request("/admin/stop", right)).status, 202);
  assertEquals(stops, 1);
});

Deno.test("admin() streams the export, and is not there without a token or without the port", async () => {
  const headers = { authorization: `Bearer ${token}` };
  const bytes = new Uint8Array([1, 2, 3]);
  const app = makeApp(fakeDeps({ token, export: () => Promise.resolve(new Blob([bytes]).stream()) }));
  const response = await app.request("/admin/export", { headers });
  assertEquals(response.headers.get("content-type"), "application/octet-stream");
  assertEquals(new Uint8Array(await response.arrayBuffer()), bytes);
  assertEquals((await makeApp(fakeDeps()).request("/admin/export", { headers })).status, 404);
  assertEquals((await makeApp(fakeDeps({ token })).request("/admin/export", { headers })).status, 404);
  assertThrows(() => makeApp(fakeDeps({ token: "short" })), RangeError, "at least 16");
});
