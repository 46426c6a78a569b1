import fc from "fast-check";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../../std/assert.ts";
import { decodeBase64Url, encodeBase64Url } from "../../std/base64url.ts";
import { parse, stringify } from "../../std/csv.ts";
import {
  basename,
  dirname,
  extname,
  fromFileUrl,
  isAbsolute,
  join,
  relative,
  resolve,
  toFileUrl,
} from "../../std/path.ts";
import { deno, filesOf, ROOT, textOf } from "../project/tree.ts";

Deno.test("parse() reads back what stringify() wrote, for any fields", () => {
  // a lone carriage return is a line's end to no one but a reader in text mode; RFC 4180 leaves it open
  const field = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\r"));
  const record = fc.array(field, { minLength: 2, maxLength: 5 });
  fc.assert(fc.property(fc.array(record), fc.constantFrom(",", ";", "\t"), (records, separator) => {
    assertEquals(parse(stringify(records, { separator }), { separator }), records);
  }));
});

Deno.test("parse() names the line of a stray quote", () => {
  assertThrows(() => parse('a,b\n1,"2\n'), SyntaxError, "line 2");
});

Deno.test("encodeBase64Url() is undone by decodeBase64Url()", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    assertEquals(decodeBase64Url(encodeBase64Url(bytes)), new Uint8Array(bytes));
  }));
  assertThrows(() => decodeBase64Url("a"), RangeError);
  assertThrows(() => decodeBase64Url("!!!!"), TypeError);
});

Deno.test("the path face works on this system's paths", () => {
  assertEquals(join("a", "..", "b.csv.gz"), "b.csv.gz");
  assertEquals([dirname("a/b.csv"), basename("a/b.csv"), basename("a/b.csv", ".csv"), extname("a/b.csv")], [
    "a",
    "b.csv",
    "b",
    ".csv",
  ]);
  assertEquals([relative("/a/b", "/a/c"), isAbsolute(resolve("a"))], ["../c", true]);
  assertEquals(fromFileUrl(toFileUrl("/a b")), "/a b");
});

/** Calls of each face that its types must refuse. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  "assert.ts": ["assertEquals(1, 'a')", "assertMatch(1, /a/)"],
  "base64url.ts": ["encodeBase64Url(1)", "decodeBase64Url(new Uint8Array())"],
  "csv.ts": ["parse(1)", "parse('a', { seperator: ';' })", "stringify([1])", "parse('a')[0].length.at(0)"],
  "path.ts": ["join(1)", "toFileUrl('/a').slice(1)", "fromFileUrl(null)"],
};

Deno.test("a wrong call of a face does not compile, for every face", async () => {
  const faces = filesOf(/\.ts$/, `${ROOT}/std`).map((path) => path.replace("std/", ""));
  assertEquals(faces, Object.keys(WRONG).sort());
  const folder = await Deno.makeTempDir({ dir: `${ROOT}/tests/std`, prefix: "wrong-" });
  try {
    for (const [face, calls] of Object.entries(WRONG)) {
      const body = calls.map((call) => `// @ts-expect-error\nface.${call};\n`).join("");
      await Deno.writeTextFile(`${folder}/${face}`, `import * as face from "../../../std/${face}";\n${body}`);
    }
    // a directive without an error below it is an error itself: all of them must be needed
    const all = await deno(["check", "--frozen", folder]);
    assertEquals([all.code, all.code === 0 ? "" : all.error], [0, ""]);
    await Deno.writeTextFile(`${folder}/naked.ts`, `import { parse } from "../../../std/csv.ts";\nparse(1);\n`);
    const naked = await deno(["check", "--frozen", `${folder}/naked.ts`]);
    assertEquals(naked.code, 1);
    assertStringIncludes(naked.error, "not assignable to parameter of type 'string'");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every face is typed by hand: none hands on the untyped module", () => {
  for (const path of filesOf(/\.ts$/, `${ROOT}/std`)) {
    const text = textOf(path);
    assert(/^import \* as std from "@std\//m.test(text), `${path} imports its module as std`);
    for (const [line] of text.matchAll(/^export const .*$/gm)) {
      assert(/^export const \w+:/.test(line), `${path}: ${line}`);
    }
    assert(!/^export (\*|\{)/m.test(text), `${path} exports something untyped`);
  }
});
