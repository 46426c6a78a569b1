/**
 * Records out of bytes: the same whatever the pieces, and what their format says they are.
 *
 * @module
 */
import fc from "fast-check";
import { assert, assertEquals } from "../../../std/assert.ts";
import { framerOf, type TextFormat } from "../../../sources/inspect.ts";
import { splitFields } from "../../../sources/text/csv.ts";
import { countNewlines, findLongLine } from "../../../sources/text/lines.ts";
import { RecordReader } from "../../../sources/text/records.ts";
import { concat } from "../files.ts";

const scale = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const encoder = new TextEncoder(), decoder = new TextDecoder();
const LIMIT = 24;

interface Found {
  readonly text: string;
  readonly position: number;
  readonly row: number;
  readonly problem: string | undefined;
  readonly next: number;
}

/** All records of a text that comes in pieces that end at `cuts`. */
function recordsOf(format: TextFormat, text: Uint8Array, cuts: readonly number[], from = 0, row = 0): Found[] {
  const reader = new RecordReader(framerOf(format, ",", from), from, row, LIMIT);
  const found: Found[] = [];
  const take = () => {
    while (reader.advance()) {
      const bytes = reader.bytes.subarray(reader.from, reader.to);
      // The text of what is refused is its sample.
      const text = reader.problem === undefined ? decoder.decode(bytes) : reader.sample().slice(0, 12);
      found.push({ text, position: reader.position, row: reader.row, problem: reader.problem, next: reader.next });
    }
  };
  const ends = [...new Set(cuts.filter((cut) => cut > from && cut < text.length)), text.length].sort((a, b) => a - b);
  let at = from;
  for (const end of ends) {
    const rest = reader.rest();
    assert(rest.length <= LIMIT + 2, `${rest.length} bytes kept: at most one record may be`);
    reader.refill(concat(rest, text.subarray(at, end)));
    take();
    at = end;
  }
  reader.end();
  take();
  return found;
}

// Few characters, so that borders, quotes and escapes meet often; é has two bytes.
const dirty = fc.array(fc.constantFrom(...'ab1é,"\n\r\\{}[] ', '{"a":1}', '"x""y"', "\n", "},{", "a".repeat(30)), {
  maxLength: 60,
})
  .map((parts) => encoder.encode(parts.join("")));
const cuts = fc.array(fc.nat(200), { maxLength: 30 });

for (const format of ["ndjson", "csv", "array", "values"] as const) {
  Deno.test(`RecordReader finds the same ${format} records in any text, however it is cut`, () => {
    fc.assert(
      fc.property(dirty, cuts, (text, cuts) => {
        assertEquals(recordsOf(format, text, cuts), recordsOf(format, text, []));
      }),
      { numRuns: 1_000 * scale },
    );
  });

  Deno.test(`RecordReader goes on with the same ${format} records from the start and the end of any`, () => {
    fc.assert(
      fc.property(dirty, fc.nat(), (text, pick) => {
        const all = recordsOf(format, text, []);
        if (all.length === 0) return;
        const at = pick % all.length;
        // Position 0 is the beginning anew; any other place is within.
        assertEquals(recordsOf(format, text, [], all[at].position, all[at].row - 1), all.slice(at));
        if (all[at].next > 0) assertEquals(recordsOf(format, text, [], all[at].next, all[at].row), all.slice(at + 1));
      }),
      { numRuns: 1_000 * scale },
    );
  });

  Deno.test(`RecordReader gives ${format} positions that grow, and loses no byte but separators`, () => {
    fc.assert(
      fc.property(dirty, (text) => {
        let at = 0;
        for (const { position, next } of recordsOf(format, text, [])) {
          assert(position >= at && next > position, `record at ${position}..${next} after ${at}`);
          assertEquals(decoder.decode(text.subarray(at, position)).replace(/[\s,\[\]]|\ufeff/g, ""), "");
          at = next;
        }
        assertEquals(decoder.decode(text.subarray(at)).replace(/[\s,\[\]]/g, ""), "");
      }),
      { numRuns: 1_000 * scale },
    );
  });
}

const field = fc.stringMatching(/^[ab ,"\n\ré]{0,3}$/);
const quoted = (text: string) => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

Deno.test("CsvFramer and splitFields() read back what RFC 4180 writes", () => {
  // A row of one empty field is an empty line, which is no record for anyone.
  const row = fc.array(field, { minLength: 1, maxLength: 3 }).filter((fields) => fields.join("") !== "");
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 6 }),
      fc.constantFrom("\n", "\r\n"),
      cuts,
      (rows, end, cuts) => {
        const written = rows.map((fields) => fields.map(quoted).join(",") + end);
        const found = recordsOf("csv", encoder.encode(written.join("")), cuts);
        if (written.some((line) => encoder.encode(line).length > LIMIT)) return; // another property's matter
        assertEquals(found.map((one) => splitFields(one.text)), rows.map((fields) => fields));
      },
    ),
    { numRuns: 2_000 * scale },
  );
});

Deno.test("JsonFramer finds the elements that JSON.parse finds", () => {
  const element = fc.oneof(
    fc.constantFrom<unknown>({}, [], null, -1.5, true, { a: [1] }, { "]": "}" }, "\\", '"', "a,b", ["[", "{"]),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(element, { maxLength: 8 }), fc.constantFrom(undefined, 1), cuts, (elements, indent, cuts) => {
      const text = encoder.encode(JSON.stringify(elements, null, indent));
      const found = recordsOf("array", text, cuts);
      if (elements.some((one) => encoder.encode(JSON.stringify(one, null, indent)).length * 2 > LIMIT)) return;
      assertEquals<unknown[]>(found.map((one) => JSON.parse(one.text)), elements);
    }),
    { numRuns: 2_000 * scale },
  );
});

Deno.test("RecordReader refuses a record that is too long and goes on with the next", () => {
  const long = "x".repeat(LIMIT + 1), fits = "y".repeat(LIMIT);
  for (
    const [format, text, rest] of [
      ["ndjson", `${long}\n${fits}\n1`, [fits, "1"]],
      ["csv", `a,"${long}\nb\n${fits}\nc,1`, ["b", fits, "c,1"]], // a quote that is never closed spoils its line only
      ["array", `[{"a":"${long}"},{"b":1}, 2]`, ['{"b":1}', "2"]],
      ["array", `[{"a":1, {"b":"${long}"}, {"c":2}, {"d":3}]`, ['{"c":2}', '{"d":3}']], // a brace that is never closed
    ] as const
  ) {
    const found = recordsOf(format, encoder.encode(text), []);
    assertEquals(found[0].problem, `must have at most ${LIMIT} bytes, this one has more`);
    assertEquals(found.slice(1).map((one) => one.text), [...rest]);
    assertEquals(found[0].row, 1);
  }
});

Deno.test("JsonFramer lets a stray quote spoil its own element only", () => {
  const found = recordsOf("array", encoder.encode('[{"a":"x},\n{"b":1},\n{"c":2}]'), []);
  assertEquals(found.map((one) => one.text), ['{"a":"x},', '{"b":1}', '{"c":2}']);
});

Deno.test("RecordReader refuses what the end of the text cuts off", () => {
  assertEquals(recordsOf("array", encoder.encode('[{"a":1},{"b":'), []).map((one) => one.problem), [
    undefined,
    "is cut off: the text ends before it does",
  ]);
  const csv = recordsOf("csv", encoder.encode('a,b\n"c,d\ne,f\n'), []);
  assertEquals(csv.map((one) => one.problem), [undefined, "has a quote that is never closed", undefined]);
  assertEquals(csv[2].text, "e,f");
});

Deno.test("countNewlines() counts as one by one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000, max: 12 }), fc.nat(5), (bytes, from) => {
      const part = bytes.subarray(Math.min(from, bytes.length));
      assertEquals(countNewlines(part), part.filter((byte) => byte === 10).length);
    }),
    { numRuns: 200 * scale },
  );
  assertEquals(countNewlines(new Uint8Array(5_000).fill(10)), 5_000);
  assertEquals(countNewlines(new Uint8Array(5_000).fill(0x8a)), 0);
});

Deno.test("findLongLine() finds the first line that is longer than allowed", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), (lengths, max) => {
      const bytes = encoder.encode(lengths.map((length) => "a".repeat(length)).join("\n"));
      const first = lengths.findIndex((length) => length > max);
      const start = lengths.slice(0, first).reduce((sum, length) => sum + length + 1, 0);
      assertEquals(findLongLine(bytes, 0, bytes.length, max), first < 0 ? -1 : start);
    }),
    { numRuns: 500 * scale },
  );
});
