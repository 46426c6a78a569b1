/**
 * Verdicts of Spark beside those of a streaming run, reading by reading.
 *
 * What sensors share (forests, networks) is trained within a partition, and partitions differ: scores, versions and flags
 * of these are left out. Everything that a verdict rests on is compared: alarms, anomalies, bands, rates, explanations.
 *
 * @module
 */
import { parquetReadObjects } from "hyparquet";
import { z } from "zod";
import { join } from "../../std/path.ts";

const flagsSchema = z.array(z.object({ detector: z.string(), channel: z.string().nullish() }));
const bandSchema = z.record(z.string(), z.array(z.number()));
/** What is missing says nothing; a verdict that comes out of the product leaves it out. */
const valuesSchema = z.record(z.string(), z.number().nullable()).transform((values) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
);

/** A verdict as Spark stored it. */
const sparkSchema = z.object({
  sensor: z.string(),
  time: z.date(),
  values: valuesSchema,
  is_anomaly: z.boolean(),
  score: z.number(),
  rate: z.number(),
  alarm: z.number(),
  expected: bandSchema,
  flags: flagsSchema,
  explanation: z.string().nullish(),
});

/** A verdict as the streaming run put it into MongoDB. */
export const streamedSchema = z.object({
  sensor: z.string(),
  time: z.date(),
  values: valuesSchema,
  is_anomaly: z.boolean(),
  score: z.number().default(0),
  rate: z.number().default(1),
  alarm: z.number().default(0),
  expected: bandSchema.default({}),
  flags: flagsSchema,
  explanation: z.string().nullish(),
});
/** One of {@linkcode streamedSchema}. */
export type Streamed = z.infer<typeof streamedSchema>;

const SHARED = new Set(["forest", "network", "logistic"]);

/** A number as `backtest -` writes it. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** What is compared of a verdict, as a text, under its sensor and time. */
function line(verdict: Omit<Streamed, "time">, time: number): [string, string] {
  const { sensor, values, is_anomaly, score, rate, alarm, expected, flags, explanation } = verdict;
  const sorted = (record: Readonly<Record<string, unknown>>) =>
    Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1);
  const own = flags.filter(({ detector }) => !SHARED.has(detector)).map((
    { detector, channel },
  ) => [detector, channel ?? ""]);
  const bands = sorted(expected).map(([channel, band]) => [channel, (band as number[]).map(rounded)]);
  const numbers = [score, rate, alarm].map(rounded);
  return [`${sensor} ${time}`, JSON.stringify([sorted(values), is_anomaly, numbers, bands, own, explanation ?? ""])];
}

/** Every verdict of a folder of Parquet files; what was not judged (no value, there already) is left out. */
export async function sparkVerdicts(folder: string): Promise<Map<string, string>> {
  const verdicts = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".parquet")) continue;
    const file = (await Deno.readFile(join(folder, name))).buffer;
    for (const row of await parquetReadObjects({ file, utf8: true })) {
      if (row.not_judged !== null && row.not_judged !== undefined) continue;
      const { time, ...verdict } = sparkSchema.parse(row);
      verdicts.set(...line(verdict, time.getTime()));
    }
  }
  return verdicts;
}

/** Every verdict of a streaming run. */
export function streamedVerdicts(documents: Iterable<Streamed>): Map<string, string> {
  return new Map([...documents].map(({ time, ...verdict }) => line(verdict, time.getTime())));
}
