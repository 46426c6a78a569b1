/**
 * The replay under the suite of all sources, format by format.
 *
 * @module
 */
import { mappingSchema } from "../../sources/mapping.ts";
import { type ReplayOptions, ReplaySource } from "../../sources/replay.ts";
import { type ConformanceOptions, sourceConformance } from "./conformance.ts";
import { canonicalLines, concat, gzip, JumpingClock, TestFolder } from "./files.ts";

const folder = new TestFolder();
globalThis.addEventListener("unload", () => folder[Symbol.dispose]());

function conforms(
  name: string,
  content: string | Uint8Array | readonly (string | Uint8Array)[],
  options: Omit<ReplayOptions, "paths"> & { file: string },
  expected: ConformanceOptions = {},
): void {
  const contents = Array.isArray(content) ? content : [content];
  const paths = contents.map((one, i) => folder.write(`${i}-${name.replace(/\W+/g, "-")}-${options.file}`, one));
  const { file: _, ...rest } = options;
  const pieceBytes = rest.pieceBytes ?? 512;
  sourceConformance(
    `ReplaySource over ${name}`,
    () => new ReplaySource({ ...rest, paths, pieceBytes }, new JumpingClock()),
    { takenIn: (source) => (source as ReplaySource).takenIn, aheadMax: 2 * pieceBytes + 1_000, ...expected },
  );
}

const lines = canonicalLines(60);
const bad = [
  '{"sensor":"a"',
  '{"sensor":"","time":1,"values":{"x":1}}',
  "nonsense",
  '{"sensor":"a","time":1,"values":{"x":"1"}}',
];
const long = JSON.stringify({ sensor: "long", time: 1, values: { x: 1 }, comment: "c".repeat(70_000) });
const mixed = [...lines.slice(0, 20), bad[0], "", bad[1], ...lines.slice(20, 40), bad[2], bad[3], ...lines.slice(40)];

conforms("lines", lines.join("\n") + "\n", { file: "a.ndjson" }, { refused: 0 });
conforms("lines without a last newline, with bad ones", mixed.join("\r\n"), { file: "a.ndjson" }, { refused: 4 });
conforms("lines in one piece", mixed.join("\n"), { file: "a.ndjson", pieceBytes: 1 << 20 }, { refused: 4 });
conforms("lines as readings", mixed.join("\n"), { file: "a.ndjson", batchSize: 7 }, { refused: 4 });
conforms("a line that is too long", [...lines.slice(0, 5), long, ...lines.slice(5, 9), long].join("\n"), {
  file: "a.jsonl",
}, {
  refused: 2,
});
conforms("a line that is too long, as readings", [...lines.slice(0, 5), long, ...lines.slice(5, 9), long].join("\n"), {
  file: "a.jsonl",
  batchSize: 3,
}, { refused: 2 });
conforms("a JSON array", `[${[...lines.slice(0, 30), '{"a":1}', ...lines.slice(30)].join(",\n ")}\n]`, {
  file: "a.json",
}, {
  refused: 1,
});
conforms("a JSON array with an element that is too long", `[${[lines[0], long, lines[1]].join(",")}]`, {
  file: "a.json",
}, {
  refused: 1,
});
conforms("JSON values", lines.map((line) => JSON.stringify(JSON.parse(line), null, 2)).join("\n"), { file: "a.json" });

const wide = lines.map((_, i) => `2024-01-01 00:00:${String(i % 60).padStart(2, "0")},m${i % 3},${i},"${i % 2}, ok"`);
conforms(
  "CSV, wide",
  ["timestamp,machine_id,vibration,state", ...wide, "2024-01-01 00:01:00,m1,x,y", "1,2"].join("\n"),
  {
    file: "a.csv",
    zone: "UTC",
  },
  { refused: 2 },
);
conforms(
  "CSV with newlines in quotes and a stray quote",
  [
    "timestamp,machine_id,vibration,comment",
    '1704067200000,m1,1,"two\nlines ""quoted"""',
    ...wide.slice(0, 5).map((_, i) => `170406720${i}000,m1,${i},"a\r\nb"`),
    '1704067209000,m1,3,"never closed',
    "1704067209001,m1,4,ok",
  ].join("\r\n"),
  { file: "a.csv" },
  { refused: 1 },
);
const longRows = Array.from(
  { length: 60 },
  (_, i) => `s1,2024-01-01T00:${String(i >> 2).padStart(2, "0")}:00Z,c${i % 4},${i}`,
);
conforms("CSV, long, joined", ["sensor_id,time,channel,value", ...longRows].join("\n"), {
  file: "a.csv",
  batchSize: 4,
  mapping: mappingSchema.parse({
    sensor: "sensor_id",
    time: { field: "time" },
    long: { channel: "channel", value: "value", join: true },
  }),
});
conforms("CSV, long", ["sensor_id,time,channel,value", ...longRows].join("\n"), { file: "a.csv", batchSize: 4 });
conforms("CSV without times", ["mote_id,humidity", ...longRows.map((_, i) => `${i % 4},${i}`)].join("\n"), {
  file: "a.csv",
  start: "2024-01-01T00:00:00Z",
  intervalMs: 5_000,
  batchSize: 9,
});

conforms("gz", await gzip(mixed.join("\n")), { file: "a.ndjson.gz" }, { refused: 4, aheadMax: 1 << 20 });
conforms(
  "gz of several members",
  concat(await gzip(mixed.join("\n").slice(0, 999)), await gzip(""), await gzip(mixed.join("\n").slice(999))),
  { file: "a.ndjson.gz" },
  { refused: 4, aheadMax: 1 << 20 },
);
conforms("gz, as readings", await gzip(mixed.join("\n")), { file: "a.ndjson.gz", batchSize: 10 }, {
  refused: 4,
  aheadMax: 1 << 20,
});
conforms("several files", [lines.slice(0, 20).join("\n"), lines.slice(20).join("\n") + "\n", ""], { file: "a.ndjson" });
conforms("several compressed files", [
  await gzip(lines.slice(0, 20).join("\n")),
  await gzip(lines.slice(20).join("\n")),
], {
  file: "a.ndjson.gz",
}, { aheadMax: 1 << 20 });
conforms("several files of other formats", [`[${lines.join(",")}]`, lines.join("\n")], {
  file: "a.json",
  batchSize: 8,
});

conforms("a loop", mixed.join("\n"), { file: "a.ndjson", loop: true }, { take: 200, refused: 12 });
conforms("a loop over several files", [lines.slice(0, 9).join("\n"), lines.slice(9, 12).join("\n")], {
  file: "a.ndjson",
  loop: true,
}, { take: 50 });
conforms("a loop, stamped now, as recorded", lines.join("\n"), {
  file: "a.ndjson",
  loop: true,
  stamp: "now",
  speed: "recorded",
  batchSize: 5,
}, { take: 150 });
conforms("batches at an interval, stamped now", lines.join("\n"), {
  file: "a.ndjson",
  stamp: "now",
  batchSize: 5,
  batchIntervalMs: 200,
});
conforms("60 times as fast", lines.join("\n"), { file: "a.ndjson", speed: 60, batchSize: 10 });
