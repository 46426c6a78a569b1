import { systemClock } from "../../commands/process/clock.ts";
import { Engine } from "../../commands/instance/engine.ts";
import { judgingOf } from "../../commands/settings/settings.ts";
import { FilesSink } from "../../sinks/files.ts";
import type { Manifest } from "../../sinks/manifest.ts";
import { RowsSink } from "../../sinks/rows.ts";
import { Injection } from "../../sources/injection.ts";
import { ReplaySource } from "../../sources/replay.ts";
import { assert, assertEquals, assertGreater } from "../../std/assert.ts";

const START = Date.parse("2026-03-01T00:00:00Z");

interface Run {
  readonly digest: string;
  readonly manifest: Manifest;
  readonly records: readonly Record<string, unknown>[];
  readonly rows: string;
  readonly quarantined: number;
}

/** Replays a file into both sinks. */
async function replay(
  path: string,
  { batchSize, shards = 1, inject = 0, sinks = true }: {
    readonly batchSize?: number;
    readonly shards?: number;
    readonly inject?: number;
    readonly sinks?: boolean;
  } = {},
): Promise<Run> {
  const folder = await Deno.makeTempDir();
  const recorded = new ReplaySource({ paths: [path], ...(batchSize === undefined ? {} : { batchSize }) }, systemClock);
  const engine = await Engine.open({
    dataDir: `${folder}/data`,
    judging: judgingOf({}),
    shards,
    clock: systemClock,
    sinks: (partition) =>
      sinks
        ? [
          new FilesSink({
            folder: `${folder}/batches`,
            partition,
            records: 50,
            clock: systemClock,
            toRecord: (reading) => recorded.toRecord(reading),
          }),
          new RowsSink(`${folder}/rows.csv`),
        ]
        : [],
    supervisor: { wanted: { verdicts: false, flags: false, history: false, rows: true } },
    failed: (_, error) => {
      throw error;
    },
  });
  try {
    await engine.run(
      inject > 0 ? new Injection(recorded, 1, { chance: inject }) : recorded,
      new AbortController().signal,
    );
    const digest = await engine.digest();
    if (!sinks) return { digest, manifest: {} as Manifest, records: [], rows: "", quarantined: 0 };
    const manifest = JSON.parse(await Deno.readTextFile(`${folder}/batches/stream_manifest.json`)) as Manifest;
    const records: Record<string, unknown>[] = [];
    for (const { file } of manifest.batches) {
      records.push(...JSON.parse(await Deno.readTextFile(`${folder}/batches/${file}`)));
    }
    const quarantined = (await engine.queries.quarantine(1_000)).items.length;
    return { digest, manifest, records, rows: await Deno.readTextFile(`${folder}/rows.csv`), quarantined };
  } finally {
    await engine.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** A manifest without times of creation. */
function stripped({ batches, ...rest }: Manifest) {
  return { ...rest, batches: batches.map(({ created: _, ...entry }) => entry) };
}

Deno.test("both sinks get the same of lines, batches of any size, and any number of shards; no digest depends on them", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ndjson" });
  try {
    const lines: string[] = [];
    for (let i = 0; i < 900; i++) {
      const time = START + 1_000 * i, sensor = `s${i % 7}`;
      if (i % 50 === 9) lines.push(JSON.stringify({ sensor, time, values: { t: "warm" } }));
      else if (i === 36 || i === 204) {
        lines.push(JSON.stringify({ sensor, time: time + 7 * 86_400_000, values: { t: 1 } }));
      } else if (i === 500) lines.push("no json");
      else lines.push(JSON.stringify({ sensor, time, values: { t: i % 83 === 0 ? 90 : 20 + Math.sin(i) / 9, h: i } }));
    }
    await Deno.writeTextFile(path, lines.join("\n") + "\n");
    const expected = await replay(path);
    assertEquals(expected.digest, (await replay(path, { sinks: false })).digest);
    assertEquals(expected.manifest.batches.reduce((sum, { refused }) => sum + refused, 0), expected.quarantined);
    assertEquals(expected.records.length + expected.quarantined, 900);
    assertEquals(expected.records[1], {
      sensor: "s1",
      time: "2026-03-01T00:00:01.000Z",
      values: { t: 20 + Math.sin(1) / 9, h: 1 },
    });
    assertGreater(expected.rows.split("\n").filter((row) => row.startsWith("A,")).length, 3);
    for (const options of [{ batchSize: 7 }, { batchSize: 1_000 }, { shards: 2 }]) {
      const run = await replay(path, options);
      assertEquals(stripped(run.manifest), stripped(expected.manifest), JSON.stringify(options));
      assertEquals(run.rows, expected.rows, JSON.stringify(options));
      assertEquals(run.digest, expected.digest);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("FilesSink writes a factory's records in their own shape, an injected one as a failure with its comment", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const own = Array.from({ length: 200 }, (_, i) => ({
      timestamp: new Date(START + 1_000 * i).toISOString(),
      machine_id: `m-${i % 4}`,
      vibration: 2 + i / 100,
      pressure: 6,
      failure: 0,
    }));
    await Deno.writeTextFile(path, JSON.stringify(own));
    const { records, manifest } = await replay(path, { inject: 0.1 });
    const injected = records.filter((record) => record.comment === "anomaly_injected");
    assertEquals(manifest.batches.reduce((sum, { injected }) => sum + injected, 0), injected.length);
    assert(injected.length > 5 && injected.every(({ failure }) => failure === 1), JSON.stringify(injected[0]));
    for (const [i, record] of records.entries()) if (!("comment" in record)) assertEquals<unknown>(record, own[i]);
  } finally {
    await Deno.remove(path);
  }
});
