/**
 * The page's files as they are served, and that its scripts are sound.
 *
 * @module
 */
import { assets } from "../../routes/assets.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";

const STATIC = new URL("../../static", import.meta.url).pathname;

/** Paths of all files below a folder. */
async function* walk(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* walk(path);
    else yield path;
  }
}

Deno.test("assets() serves every file of static/ as it is", async () => {
  const app = assets();
  let files = 0;
  for await (const path of walk(STATIC)) {
    const response = await app.request(path.replace(STATIC, "/static"));
    assertEquals(response.status, 200, `${path} is not in routes/page_files.ts`);
    assertEquals(await response.text(), await Deno.readTextFile(path));
    assert(!response.headers.get("content-type")?.startsWith("text/plain"), `${path} has no type of its own`);
    files++;
  }
  assert(files > 20);
});

Deno.test("assets() names every module in the page, so that none waits for another", async () => {
  const html = await (await assets().request("/")).text();
  for await (const path of walk(STATIC)) {
    if (!path.endsWith(".js") || path.endsWith("/theme.js")) continue;
    assertStringIncludes(html, `<link rel="modulepreload" href="${path.replace(STATIC, "/static")}">`);
  }
});

Deno.test("assets() serves Chart.js from the package", async () => {
  const response = await assets().request("/vendor/chart.umd.min.js");
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/javascript; charset=utf-8");
  assertStringIncludes(await response.text(), "Chart.js v4");
});

Deno.test("assets() answers 304 to the tag that it gave, also when it was weakened, and 200 to another", async () => {
  const app = assets();
  const etag = (await app.request("/")).headers.get("etag") ?? "";
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const response = await app.request("/", { headers: { "if-none-match": tag } });
    assertEquals(response.status, 304);
    assertEquals(await response.text(), "");
    assertEquals(response.headers.get("etag"), etag);
  }
  assertEquals((await app.request("/", { headers: { "if-none-match": '"other"' } })).status, 200);
});

Deno.test("assets() allows no script but the page's own, and no frame around it", async () => {
  const { headers } = await assets().request("/");
  const policy = headers.get("content-security-policy") ?? "";
  for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) {
    assertStringIncludes(policy, part);
  }
  assert(!policy.includes("unsafe"));
  assertEquals(headers.get("x-content-type-options"), "nosniff");
});

Deno.test("assets() names nothing outside of its list", async () => {
  const app = assets();
  for (
    const path of [
      "/static/../deno.json",
      "/static/%2e%2e/deno.json",
      "/static/",
      "/vendor/x.js",
      "/static/constructor",
      "/static/__proto__",
    ]
  ) {
    assertEquals((await app.request(path)).status, 404, path);
  }
});

Deno.test("the page's scripts pass the type checker against the views of the API", async () => {
  const config = new URL("./check.json", import.meta.url).pathname;
  const args = ["check", "--no-lock", "--config", config, `${STATIC}/main.js`];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, stdout: "null" }).output();
  assert(success, new TextDecoder().decode(stderr));
});

Deno.test("assets() needs no permission", async () => {
  const code = `
    import { assets } from ${JSON.stringify(new URL("../../routes/assets.ts", import.meta.url).href)};
    const app = assets();
    for (const path of ["/", "/static/main.js", "/vendor/chart.umd.min.js"]) {
      const response = await app.request(path);
      if (response.status !== 200) throw new Error(path);
    }`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, code);
    const args = ["run", "--no-prompt", "--no-lock", "--config", config, file];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(file);
  }
});
