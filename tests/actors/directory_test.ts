/** @module */
import fc from "fast-check";
import { Directory } from "../../actors/directory.ts";
import { scanHead, scanned } from "../../models/scan.ts";
import { assert, assertEquals } from "../../std/assert.ts";

const encoder = new TextEncoder();

/** A line's bytes, scanned: what the router has in hand when it asks. */
function head(name: string): Uint8Array {
  const bytes = encoder.encode(`{"sensor":"${name}","time":1,"values":{"a":1}}`);
  assert(scanHead(bytes, 0));
  return bytes;
}

function find(directory: Directory, name: string) {
  const bytes = head(name);
  return directory.findBytes(bytes, scanned.nameStart, scanned.nameEnd, scanned.nameHash);
}

function remember(directory: Directory, name: string): void {
  const entry = directory.of(name, "p"), bytes = head(name);
  directory.remember(entry, bytes, scanned.nameStart, scanned.nameEnd, scanned.nameHash);
}

Deno.test("Directory.of() numbers sensors in order and keeps their first partition", () => {
  const directory = new Directory(3);
  assertEquals(directory.of("a", "p").sensor, 0);
  assertEquals(directory.of("b", "p").sensor, 1);
  assertEquals(directory.of("a", "q").partition, "p");
  assertEquals(directory.entries.map((entry) => entry.name), ["a", "b"]);
  assert(directory.entries.every((entry) => entry.shard >= 0 && entry.shard < 3));
});

Deno.test("Directory.admit() lets so many names in, and those that are there again", () => {
  const directory = new Directory(1, 2);
  assertEquals(["a", "b", "c", "a"].map((name) => directory.admit(name, "p")?.sensor), [0, 1, undefined, 0]);
  assertEquals([directory.names, directory.entries.length, directory.find("c")], [2, 2, undefined]);
  directory.renew(directory.of("a", "p"));
  assertEquals([directory.names, directory.admit("a", "p")?.sensor], [2, 2]);
});

Deno.test("Directory takes names that every object has", () => {
  const directory = new Directory(2);
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    assertEquals(directory.find(name), undefined);
    remember(directory, name);
    assertEquals(directory.find(name)?.name, name);
    assertEquals(find(directory, name)?.name, name);
  }
});

Deno.test("Directory.findBytes() finds exactly the names that were remembered", () => {
  const name = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }).filter((text) =>
    !/["\\]|\p{Cc}/u.test(text)
  );
  fc.assert(fc.property(fc.uniqueArray(name, { maxLength: 60 }), fc.nat(60), (names, known) => {
    const directory = new Directory(1);
    for (const one of names.slice(0, known)) {
      remember(directory, one);
      remember(directory, one);
    }
    names.forEach((one, i) => assertEquals(find(directory, one)?.name, i < known ? one : undefined));
  }));
});

Deno.test("Directory.findBytes() finds them among many, after its tables have grown", () => {
  const directory = new Directory(4), count = 20_000;
  for (let i = 0; i < count; i++) remember(directory, `plant-${i % 7}/sensor-${i}`);
  for (let i = 0; i < count; i += 97) assertEquals(find(directory, `plant-${i % 7}/sensor-${i}`)?.sensor, i);
  assertEquals(find(directory, "plant-0/sensor-20000"), undefined);
});
