/** @module */
import { spliced } from "../../../bench/measure/document.ts";
import { percent, short, table, whole } from "../../../bench/measure/markdown.ts";
import { type Dot, picture } from "../../../bench/measure/picture.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../../../std/assert.ts";

Deno.test("table() is laid out as the formatter lays tables out", async () => {
  const text = table(["data", "false alarms", "–"], [["motes <1>", "12", "3 %"], ["", "1,234,567", "–"]]);
  const file = await Deno.makeTempFile({ suffix: ".md" });
  try {
    await Deno.writeTextFile(file, `${text}\n`);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: ["fmt", "--check", file] }).output();
    assertEquals([code, code === 0 ? "" : new TextDecoder().decode(stderr)], [0, ""]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("short(), percent() and whole() say no more than is known", () => {
  assertEquals([0, 0.0123, 1, 9.96, 12.34, 1234.5, NaN].map(short), ["0", "0.012", "1.0", "10", "12", "1,235", "–"]);
  assertEquals([percent(0.666), percent(NaN), whole(1234567.8)], ["67 %", "–", "1,234,568"]);
});

const LEGEND = { ways: ["this rule", "a & b"], budgets: ["1", "10"], kept: [0.3, 2] } as const;

/** Places of the marks of a way, top to bottom as they come. */
function heights(svg: string, way: number): number[] {
  return [...svg.matchAll(new RegExp(`class="w${way}[^"]*"><path d="M[\\d.]+ ([\\d.]+)[^>]*><title>`, "g"))]
    .map(([, y]) => Number(y));
}

Deno.test("picture() draws every dot inside, higher where more was raised, hollow where it is not sure", () => {
  const ratios = [0, 0.3, 1, 2, 50, 1e9];
  const dots = ratios.map((ratio): Dot => ({ way: 0, budget: 1, ratio, sure: ratio > 0, title: `motes: ${ratio}` }));
  const svg = picture([...dots, { way: 1, budget: 0, ratio: 1, sure: true, title: "<x>" }], LEGEND);
  const ys = heights(svg, 0);
  assertEquals(ys.length, ratios.length);
  assertEquals(ys, ys.toSorted((a, b) => b - a));
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
  for (const y of ys) assert(y > 0 && y < Number(height));
  assert(Number(width) > 0);
  assertEquals(svg.match(/unsure"/g)?.length, 1);
  assertStringIncludes(svg, "&lt;x>");
  assertStringIncludes(svg, "a &amp; b");
  assertStringIncludes(svg, "prefers-color-scheme: dark");
});

Deno.test("picture() shades the band between the ratios that are kept", () => {
  const dots = [0.3, 2].map((ratio): Dot => ({ way: 0, budget: 0, ratio, sure: true, title: "x" }));
  const svg = picture(dots, LEGEND), [low, high] = heights(svg, 0);
  const [, y, height] = /class="band"[^>]* y="([\d.]+)"[^>]* height="([\d.]+)"/.exec(svg) ?? [];
  assertEquals([Number(y), Math.round(10 * (Number(y) + Number(height))) / 10], [high, low]);
});

Deno.test("spliced() replaces what stands between its marks, and refuses a document without them", () => {
  const document = "# a\n\n<!-- one -->\nold\n<!-- /one -->\n\nb\n\n<!-- two --><!-- /two -->\n";
  const once = spliced(document, { name: "one", text: "new" });
  assertEquals(once, "# a\n\n<!-- one -->\n\nnew\n\n<!-- /one -->\n\nb\n\n<!-- two --><!-- /two -->\n");
  assertEquals(spliced(once, { name: "one", text: "new" }), once);
  assertThrows(() => spliced(document, { name: "three", text: "" }), Error, "<!-- three -->");
});

Deno.test("docs/detection.md has a table in the place of everything that the programs print", async () => {
  const root = new URL("../../../", import.meta.url);
  const document = await Deno.readTextFile(new URL("docs/detection.md", root));
  for (const program of ["detectors", "budget"]) {
    const source = await Deno.readTextFile(new URL(`bench/${program}.ts`, root));
    const names = [...source.matchAll(/\{ name: "([a-z-]+)", text: /g)].map(([, name]) => name);
    assert(names.length >= 3, program);
    for (const name of names) {
      const place = new RegExp(`<!-- ${name} -->\\n\\n(\\| .+ \\|\\n)+\\n<!-- /${name} -->`);
      assert(place.test(document), `no table of ${name}`);
    }
  }
});
