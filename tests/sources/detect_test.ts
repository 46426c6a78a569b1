/**
 * From a file's beginning to readings and back: detection, declarations, refusals.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { SourceError } from "../../actors/ports.ts";
import { isRefusal, type Reading, type Refusal } from "../../actors/reading.ts";
import type { MappingHints } from "../../sources/detect.ts";
import { readBlocks, type TextFile } from "../../sources/file_text.ts";
import { inspectFile } from "../../sources/inspect.ts";
import { type MappingInput, mappingSchema } from "../../sources/mapping.ts";
import { makeParser } from "../../sources/parser.ts";
import { TestFolder } from "./files.ts";

interface Parsed {
  readonly file: TextFile;
  readonly items: (Reading | Refusal)[];
}

async function parse(name: string, text: string, hints: MappingHints = {}, input?: MappingInput): Promise<Parsed> {
  using folder = new TestFolder();
  const path = folder.write(name, text);
  const mapping = input === undefined ? undefined : mappingSchema.parse(input);
  const shape = await inspectFile(path, mapping);
  const file = { path, shape, parser: makeParser(shape, mapping, hints) };
  const items: (Reading | Refusal)[] = [];
  const options = {
    mark: { position: 0, rows: 0 },
    from: 0,
    before: 0,
    signal: new AbortController().signal,
    batchSize: 1_000,
  };
  for await (const block of readBlocks(file, options)) items.push(...block.items);
  return { file, items };
}

const at = (text: string) => Date.parse(`${text}Z`);

Deno.test("detectMapping() reads the Intel lab's cleaned file", async () => {
  const { items, file } = await parse(
    "mote1.csv",
    ",date,time,epochId,moteId,temp,humidity,light,voltage\n1,2004-02-28,00:59:16.02785,3,1.0,19.9884,37.0933,45.08,2.69964\n",
    { zone: "UTC" },
  );
  const reading: Reading = {
    sensor: "mote-1",
    time: at("2004-02-28T00:59:16.027"),
    values: { temperature: 19.9884, humidity: 37.0933, light: 45.08, voltage: 2.69964 },
    type: "mote",
    attributes: { epochId: "3" },
  };
  assertEquals<unknown>(items, [reading]);
  assertEquals(file.parser.toRecord?.(reading), {
    date: "2004-02-28",
    time: "00:59:16.027",
    epochId: "3",
    moteId: "1",
    temp: 19.9884,
    humidity: 37.0933,
    light: 45.08,
    voltage: 2.69964,
  });
});

Deno.test("detectMapping() reads the Intel lab's published file, with fields left out", async () => {
  const { items } = await parse(
    "data.txt",
    "2004-03-31 03:38:15.757551 2 1 122.153 -3.91901 11.04 2.03397\n2004-02-28 00:59:16.02785 3 7\n",
    { zone: "UTC" },
  );
  const [first, second] = items as Reading[];
  assertEquals(first.sensor, "mote-1");
  assertEquals(first.values, { temperature: 122.153, humidity: -3.91901, light: 11.04, voltage: 2.03397 });
  assertEquals(second.sensor, "mote-7");
  assertEquals(second.values, { temperature: null, humidity: null, light: null, voltage: null });
});

Deno.test("detectMapping() takes the sensor from the file's name where no column has it", async () => {
  const { items } = await parse("nyc_taxi.csv", "timestamp,value\n2014-07-01 00:00:00,10844\n", { zone: "UTC" });
  assertEquals<unknown>(items, [{ sensor: "nyc_taxi", time: at("2014-07-01T00:00:00"), values: { value: 10844 } }]);
});

Deno.test("detectMapping() knows sensors, times, labels, places and comments by any usual name", async () => {
  for (const sensor of ["sensor_id", "device_id", "Machine_ID", "moteid", "mote_id", "sensorId", "sensor"]) {
    for (
      const [time, stamp] of [["timestamp", "2024-01-01T00:00:00Z"], ["time", "1704067200"], ["TS", "1704067200000"]]
    ) {
      const { items } = await parse(
        "a.csv",
        `${sensor},${time},vib,failure,location,comment\np1,${stamp},2.5,1,hall,ok\n`,
      );
      const reading = {
        sensor: "p1",
        time: at("2024-01-01T00:00:00"),
        values: { vib: 2.5 },
        location: "hall",
        label: 1,
        comment: "ok",
      };
      assertEquals<unknown>(items, [reading], `${sensor} ${time}`);
    }
  }
});

Deno.test("toRecord() writes a factory's record back in its own shape", async () => {
  const records = [
    {
      timestamp: "2024-01-01T00:00:00.000Z",
      machine_id: "machine-01",
      vibration: 2.5,
      temperature: 60,
      pressure: 6,
      failure: 0,
    },
    {
      timestamp: "2024-01-01T00:00:01.000Z",
      machine_id: "machine-02",
      vibration: 9,
      temperature: null,
      pressure: 6,
      failure: 1,
    },
  ];
  const { items, file } = await parse("factory.json", JSON.stringify(records));
  assertEquals((items[1] as Reading).label, 1);
  assertEquals((items[1] as Reading).values, { vibration: 9, temperature: null, pressure: 6 });
  assertEquals<unknown>(items.map((item) => file.parser.toRecord?.(item as Reading)), records);
  assertEquals(Object.keys(file.parser.toRecord?.(items[0] as Reading) ?? {}), Object.keys(records[0]));
});

Deno.test("toRecord() writes a label as true or false where the file does", async () => {
  const records = [{ time: 1704067200000, device_id: "d", x: 1, failure: true }];
  const { items, file } = await parse("a.ndjson", records.map((one) => JSON.stringify(one)).join("\n"));
  assertEquals((items[0] as Reading).label, 1);
  assertEquals<unknown>(file.parser.toRecord?.(items[0] as Reading), records[0]);
});

Deno.test("detectMapping() passes through what it has no part for, and objects may differ", async () => {
  const { items } = await parse(
    "a.ndjson",
    [
      '{"device":"a","ts":1704067200000,"x":1,"firmware":"v2","ok":true}',
      '{"ts":1704067200000,"device":"b","y":2}',
    ].join("\n"),
  );
  assertEquals<unknown>(items, [
    { sensor: "a", time: 1704067200000, values: { x: 1 }, attributes: { firmware: "v2", ok: true } },
    { sensor: "b", time: 1704067200000, values: { y: 2 } },
  ]);
});

Deno.test("detectMapping() refuses a file without zone or times, and says what to add", async () => {
  const zone = await assertRejects(() => parse("a.csv", "timestamp,value\n2014-07-01 00:00:00,1\n"), SourceError);
  assert(zone.message.includes("--zone UTC"), zone.message);
  const time = await assertRejects(() => parse("a.csv", "mote_id,humidity\n1,40\n"), SourceError);
  assert(time.message.includes("--start") && time.message.includes("--step"), time.message);
  const half = await assertRejects(() => parse("a.csv", "mote_id,humidity\n1,40\n", { intervalMs: 5 }), SourceError);
  assert(half.message.includes("--start"), half.message);
  const names = await assertRejects(() => parse("a.csv", "time,text\n1704067200,x\n"), SourceError);
  assert(names.message.includes("no column of numbers"), names.message);
  const wide = await assertRejects(() =>
    parse("a.csv", `${Array(51).fill("1").join(",")}\n`, { start: 0, intervalMs: 1 })
  );
  assert(String(wide).includes("at most 50 channels"), String(wide));
  await assertRejects(() => parse("a.csv", "time,x,x\n1704067200,1,2\n"), SourceError, "two columns");
  await assertRejects(() => parse("a.csv", "\xff\xfea"), SourceError);
});

Deno.test("detectMapping() counts times where they are declared, by a column of numbers if there is one", async () => {
  const hints = { start: "2024-01-01T00:00:00Z", intervalMs: 5_000 };
  const plain = await parse("a.csv", "mote_id,humidity\n1,40\n\n2,41\n", hints);
  assertEquals((plain.items as Reading[]).map((one) => one.time - at("2024-01-01T00:00:00")), [0, 10_000]);
  const numbered = await parse("a.csv", "reading,mote_id,humidity\n7,1,40\n8,1,41\n", hints);
  assertEquals((numbered.items as Reading[]).map((one) => one.time - at("2024-01-01T00:00:00")), [35_000, 40_000]);
});

Deno.test("detectMapping() reads a file without a header as numbered channels", async () => {
  const { items } = await parse("omi-1.csv", "0.5,0.25\n0.1,0.2\n", { start: 0, intervalMs: 1_000 });
  assertEquals<unknown>(items[1], { sensor: "omi-1", time: 1_000, values: { channel_1: 0.1, channel_2: 0.2 } });
});

Deno.test("inspectFile() tells formats and delimiters apart by their text", async () => {
  for (
    const [name, text] of [
      ["a.txt", "sensor;time;x\ns;1704067200000;1\n"],
      ["a.tsv", "sensor\ttime\tx\ns\t1704067200000\t1\n"],
      ["a.csv", "\ufeffsensor,time,x\ns,1704067200000,1\n"],
      ["a.json", '\ufeff[{"sensor":"s","time":1704067200000,"values":{"x":1}}]'],
      ["a.json", '{"sensor":"s",\n"time":1704067200000,"values":{"x":1}}'],
      ["a.json", '{"sensor":"s","time":1704067200000,"values":{"x":1}}\n'],
      ["a", '\ufeff{"sensor":"s","time":1704067200000,"values":{"x":1}}\n'],
      ["a", '[{"sensor_id":"s","timestamp":"2024-01-01T00:00:00Z","x":1}]'],
    ]
  ) {
    assertEquals<unknown>(
      (await parse(name, text)).items,
      [{ sensor: "s", time: 1704067200000, values: { x: 1 } }],
      text,
    );
  }
});

Deno.test("a mapping joins the rows of one time of a long layout", async () => {
  const text =
    "id,when,what,much\na,1704067200000,t,1\na,1704067200000,h,2\na,1704067200000,t,3\nb,1704067200000,t,4\n";
  const input: MappingInput = {
    sensor: "id",
    time: { field: "when", format: "epoch_ms" },
    long: { channel: "what", value: "much", join: true },
  };
  const { items } = await parse("a.csv", text, {}, input);
  assertEquals((items as Reading[]).map((one) => one.values), [{ t: 1, h: 2 }, { t: 3 }, { t: 4 }]);
  const apart = await parse("a.csv", text, {}, { ...input, long: { channel: "what", value: "much" } });
  assertEquals(apart.items.length, 4);
});

Deno.test("a mapping renames, sets constants, leaves out and marks missing", async () => {
  const input: MappingInput = {
    sensor: { constant: "boiler" },
    time: { field: ["day", "hour"], zone: "Europe/Berlin" },
    channels: { "Temp [K]": "temperature" },
    type: { constant: "boiler" },
    location: { constant: "cellar" },
    attributes: ["batch"],
    missing: ["-999", "?"],
  };
  const text =
    "day,hour,Temp [K],batch,junk\n2024-07-01,12:00,300.5,b1,x\n2024-07-01,12:01,-999,?,x\n2024-07-01,12:02,0x1F,b1,x\n";
  const { items } = await parse("a.csv", text, {}, input);
  assertEquals<unknown>(items[0], {
    sensor: "boiler",
    time: at("2024-07-01T10:00:00"),
    values: { temperature: 300.5 },
    type: "boiler",
    location: "cellar",
    attributes: { batch: "b1" },
  });
  assertEquals((items[1] as Reading).values, { temperature: null });
  const refused = items[2];
  assert(isRefusal(refused));
  assertEquals(refused.row, 4);
  assertEquals(refused.errors, [{
    field: "values.temperature",
    message: 'must be a finite number or missing, not "0x1F"',
  }]);
  await assertRejects(() => parse("a.csv", "a,b\n1,2\n", {}, input), SourceError, "wants a column");
});

Deno.test("a mapping takes its zone from itself, else from beside it", async () => {
  const time = (zone?: string) => ({ field: "when", ...(zone === undefined ? {} : { zone }) });
  const text = "id,when,x\na,2024-01-01 12:00:00,1\n";
  for (const [own, beside, hour] of [["UTC", "+02:00", 12], [undefined, "+02:00", 10]] as const) {
    const { items } = await parse("a.csv", text, { zone: beside }, {
      sensor: "id",
      time: time(own),
      channels: "numeric",
    });
    assertEquals<unknown>(items, [{ sensor: "a", time: Date.UTC(2024, 0, 1, hour), values: { x: 1 } }]);
  }
  const { items } = await parse("a.csv", text, {}, { sensor: "id", time: time() });
  assert(isRefusal(items[0]) && items[0].errors[0].message.includes("--zone UTC"));
});

Deno.test("a refusal says in which row and field, what was seen and what is allowed", async () => {
  const { items } = await parse(
    "a.csv",
    "sensor,time,x,label\ns,1704067200000,1,0\n,1704067200000,1,0\ns,yesterday,1,0\ns,1704067200000,1,maybe\ns,1704067200000\n",
  );
  const refused = items.filter((item) => isRefusal(item));
  assertEquals(refused.map((one) => [one.row, one.errors[0].field]), [[3, "sensor"], [4, "time"], [5, "label"], [
    6,
    "",
  ]]);
  assertEquals(refused[0].sample, ",1704067200000,1,0");
  assertEquals(refused[3].errors[0].message, "the row must have 4 fields, this one has 2");
});

Deno.test("bytes that are no UTF-8 are refused, not replaced", async () => {
  using folder = new TestFolder();
  const line = (
    name: number[],
  ) => [
    ...new TextEncoder().encode('{"sensor":"'),
    ...name,
    ...new TextEncoder().encode('","time":1,"values":{"x":1}}\n'),
  ];
  const path = folder.write(
    "a.ndjson",
    new Uint8Array([...line([0xff]), ...line([0xc3, 0xa9]), ...line([0xef, 0xbf, 0xbd])]),
  );
  const shape = await inspectFile(path);
  const file = { path, shape, parser: makeParser(shape, undefined, {}) };
  const options = {
    mark: { position: 0, rows: 0 },
    from: 0,
    before: 0,
    signal: new AbortController().signal,
    batchSize: 10,
  };
  const items = [];
  for await (const block of readBlocks(file, options)) items.push(...block.items);
  assert(isRefusal(items[0]) && items[0].errors[0].message.includes("UTF-8"));
  assertEquals((items[1] as Reading).sensor, "é");
  assertEquals((items[2] as Reading).sensor, "\ufffd");
});
