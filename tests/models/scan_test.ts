/** @module */
import fc from "fast-check";
import { isRefusal, READING_LIMITS } from "../../actors/reading.ts";
import { parseLineBytes } from "../../actors/refusals.ts";
import { ChannelTable, scanHead, scanned, scanNumber, scanTail, scanValues } from "../../models/scan.ts";
import { assert, assertEquals } from "../../std/assert.ts";

const encoder = new TextEncoder(), strict = new TextDecoder("utf-8", { fatal: true });

/** What the scanner makes of a line that stands between others; undefined where it gives up. */
function scan(line: Uint8Array, table: ChannelTable) {
  const before = encoder.encode('{"sensor":"x"}\n'), after = encoder.encode('\n{"sensor":"y"}');
  const bytes = new Uint8Array(before.length + line.length + after.length);
  bytes.set(before);
  bytes.set(line, before.length);
  bytes.set(after, before.length + line.length);
  if (!scanHead(bytes, before.length)) return undefined;
  const { nameStart, nameEnd, time, end } = scanned;
  if (!scanTail(bytes) || scanned.lineEnd !== before.length + line.length) return undefined;
  const channels = new Int32Array(READING_LIMITS.channels), values = new Float64Array(READING_LIMITS.channels);
  const count = scanValues(bytes, end, scanned.lineEnd, table, channels, values);
  if (count < 0) return undefined;
  const entries = Array.from({ length: count }, (_, i) => [table.names[channels[i]], values[i]] as const);
  return { name: bytes.slice(nameStart, nameEnd), time, entries };
}

function tableOf(...names: string[]): ChannelTable {
  const table = new ChannelTable();
  for (const name of names) table.of(name);
  return table;
}

/** Whatever the scanner accepts is a reading, and the same as the parser's: names, values and their order. */
function agree(line: Uint8Array, table: ChannelTable): boolean {
  const found = scan(line, table);
  if (!found) return false;
  let sensor: string;
  try {
    sensor = strict.decode(found.name);
  } catch {
    return false; // the router does not take such a name
  }
  // deno-lint-ignore no-control-regex -- these are the router's to refuse
  if (!/^[^\u0000-\u001f\u007f]{1,128}$/.test(sensor) || found.time > READING_LIMITS.timeGreatest) return false;
  const reading = parseLineBytes(line), text = new TextDecoder().decode(line);
  assert(!isRefusal(reading), `accepted by the scanner alone: ${text}`);
  assertEquals([reading.sensor, reading.time], [sensor, found.time], text);
  assertEquals(Object.keys(reading.values), found.entries.map(([name]) => name), text);
  for (const [name, value] of found.entries) assert(Object.is(reading.values[name], value), `${text}: ${value}`);
  return true;
}

const CHANNELS = ["a", "b", "temperature", "7", "0", "a b", 'quo"te', "back\\slash", "a\\b", "é", "𝔞", "constructor"];
const number = fc.oneof(
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -1e4, max: 1e4, noNaN: true }).map((x) => Number(x.toPrecision(7))),
  fc.constantFrom(-0, 0.1, 1e15, 999_999_999_999_999, 1e-7, 1e100),
);
const plain = fc.integer({ min: -9_999_999, max: 9_999_999 }).map((x) => x / 1_000);
const reading = fc.record({
  sensor: fc.oneof(fc.constantFrom("pump-1", "Müller", "__proto__", 'a"b', "tab\t"), fc.string()),
  time: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 2 ** 47 }) },
    fc.constantFrom(-1, 1.5, "2026-01-31T12:00:00Z", 1e16),
  ),
  values: fc.oneof(
    fc.dictionary(fc.constantFrom("a", "b", "temperature"), plain, { minKeys: 1 }),
    fc.dictionary(fc.constantFrom(...CHANNELS), fc.oneof({ weight: 9, arbitrary: number }, fc.constant(null))),
  ),
});
const extra = fc.constantFrom(
  "",
  "",
  "",
  ',"type":"t"',
  ',"attributes":{"a":1}',
  ',"time":5,"attributes":{}',
  ',"sensor":"z"',
);
const edit = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom("none", "none", "none", "drop", "put", "twice"),
  byte: fc.nat(255),
});

Deno.test("scanHead(), scanTail() and scanValues() accept nothing but what the parser makes the same of", () => {
  const table = tableOf(...CHANNELS);
  let accepted = 0;
  fc.assert(
    fc.property(reading, extra, edit, (record, more, { at, kind, byte }) => {
      const text = JSON.stringify(record);
      let line = Array.from(encoder.encode(text.slice(0, -1) + more + "}"));
      const place = at % line.length;
      if (kind === "drop") line = line.toSpliced(place, 1);
      if (kind === "put") line = line.with(place, byte);
      if (kind === "twice") line = line.toSpliced(place, 0, ...line.slice(place, place + 1 + byte % 20));
      if (line.includes(10)) return; // that is two lines
      if (agree(Uint8Array.from(line), table)) accepted++;
    }),
    { numRuns: 6_000 },
  );
  assert(accepted > 300, `only ${accepted} lines were accepted: this tests nothing`);
});

Deno.test("scanValues() takes the usual line, so that the parser is not asked", () => {
  const table = tableOf("temperature", "humidity");
  const line = '{"sensor":"pump-1","time":1704067200000,"values":{"humidity":41.25,"temperature":-3}}';
  assert(agree(encoder.encode(line), table));
});

Deno.test("scanValues() gives up at what it must not decide", () => {
  const table = tableOf(...CHANNELS);
  const lines = [
    '{"sensor":"a","time":1,"values":{"unknown":1}}',
    '{"sensor":"a","time":1,"values":{"a":1,"a":2}}',
    '{"sensor":"a","time":1,"values":{"b":1,"a":2,"b":3}}',
    '{"sensor":"a","time":1,"values":{"a":null}}',
    '{"sensor":"a","time":1,"values":{"a":"1"}}',
    '{"sensor":"a","time":1,"values":{"a":01}}',
    '{"sensor":"a","time":1,"values":{"a":1.}}',
    '{"sensor":"a","time":1,"values":{"a":.5}}',
    '{"sensor":"a","time":1,"values":{"a":1e5}}',
    '{"sensor":"a","time":1,"values":{"a":1234567890123456}}',
    '{"sensor":"a","time":1,"values":{"a":+1}}',
    '{"sensor":"a","time":1,"values":{"a":1,}}',
    '{"sensor":"a","time":1,"values":{}}',
    '{"sensor":"a","time":1,"values":{"a":1}} ',
    '{"sensor":"a","time":1,"values":{"7":1,"0":2}}',
    '{"sensor":"a","time":1,"values":{"quo"te":1}}',
    '{"sensor":"a","time":1,"values":{"a\\b":1}}',
    '{"sensor":"a","time":1,"values":{"a":1},"attributes":{"x":1}}',
    '{"sensor":"a","time":01,"values":{"a":1}}',
    '{"sensor":"a\\u0041","time":1,"values":{"a":1}}',
    '{"sensor": "a","time":1,"values":{"a":1}}',
  ];
  for (const line of lines) assertEquals(scan(encoder.encode(line), table), undefined, line);
});

Deno.test("scanTail() ends at the newline or the end of the bytes, with or without a carriage return", () => {
  const line = '{"sensor":"a","time":1,"values":{"a":1}}';
  for (const [text, end] of [[line, 40], [`${line}\n{}`, 40], [`${line}\r\n{}`, 41], [`${line}\r`, 41]] as const) {
    const bytes = encoder.encode(text);
    assert(scanHead(bytes, 0) && scanTail(bytes), JSON.stringify(text));
    assertEquals(scanned.lineEnd, end);
  }
});

Deno.test("scanNumber() reads every double of at most 15 digits as JSON.parse does, bit for bit", () => {
  fc.assert(
    fc.property(number, (one) => {
      const text = JSON.stringify(one), digits = text.replace(/[-.]/g, "").length;
      const found = scanNumber(encoder.encode(`${text},`), 0);
      if (/e/.test(text) || digits > 15) assert(Number.isNaN(found), text);
      else assert(Object.is(found, JSON.parse(text)) && scanned.end === text.length, text);
    }),
    { numRuns: 5_000 },
  );
  for (
    const text of ["-0", "0", "0.00000000000001", "999999999999999", "-99999999999999.9", "0.1", "123456.789012345"]
  ) {
    assert(Object.is(scanNumber(encoder.encode(text), 0), JSON.parse(text)), text);
  }
});

Deno.test("ChannelTable.find() finds names by their bytes from any guess on, and no prefix of one", () => {
  const names = ["a", "ab", "abc", "é"], table = tableOf(...names);
  for (let guess = -0; guess < 6; guess++) {
    names.forEach((name, i) => assertEquals(table.find(encoder.encode(`${name}":1`), 0, guess), i));
    assertEquals(table.find(encoder.encode('abcd":1'), 0, guess), -1);
    assertEquals(table.find(encoder.encode("ab"), 0, guess), -1);
  }
});
