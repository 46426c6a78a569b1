/**
 * Verdicts of Spark beside those of a streaming run, reading by reading.
 *
 * Everything that a verdict says is compared: values, anomaly, score, rate, alarm, bands, flags, explanation, and each
 * detector's score and version, but those of {@linkcode SHARED} detectors.
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

/** Scores of detectors; backtest has one for limits too, which is no more than their flag. */
const scoresSchema = z.record(z.string(), z.number()).transform(({ limit: _, ...scores }) => scores);

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
  detectors: scoresSchema.nullish(),
  versions: z.record(z.string(), z.bigint().transform(Number)).nullish(),
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
  scores: scoresSchema.nullish(),
  versions: z.record(z.string(), z.number()).nullish(),
});
/** One of {@linkcode streamedSchema}. */
export type Streamed = z.infer<typeof streamedSchema>;

/**
 * Detectors whose models are trained within a partition, and differ where partitions do; of forests alone also where places
 * in the input are counted otherwise, since those draw their samples.
 */
export const SHARED = { partitions: new Set(["forest", "network", "logistic"]), places: new Set(["forest"]) } as const;

/** A number as `backtest -` writes it. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** What is compared of a verdict, as a text, under its sensor and time. */
function line(verdict: Omit<Streamed, "time">, time: number, apart: ReadonlySet<string>): [string, string] {
  const { sensor, values, is_anomaly, score, rate, alarm, expected, flags, explanation, scores, versions } = verdict;
  const sorted = (record: Readonly<Record<string, unknown>>) =>
    Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1);
  const compared = flags.filter(({ detector }) => !apart.has(detector))
    .map(({ detector, channel }) => [detector, channel ?? ""]);
  const bands = sorted(expected).map(([channel, band]) => [channel, (band as number[]).map(rounded)]);
  const numbers = [score, rate, alarm].map(rounded);
  const parts = [scores, versions].map((of) =>
    sorted(of ?? {}).filter(([name]) => !apart.has(name)).map(([name, one]) => [name, rounded(Number(one))])
  );
  return [
    `${sensor} ${time}`,
    JSON.stringify([sorted(values), is_anomaly, numbers, bands, compared, explanation ?? "", ...parts]),
  ];
}

/**
 * Every verdict of a folder of Parquet files; what was not judged (no value, there already) is left out.
 *
 * @param apart detectors that are left out
 */
export async function sparkVerdicts(folder: string, apart: ReadonlySet<string>): Promise<Map<string, string>> {
  const verdicts = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".parquet")) continue;
    const file = (await Deno.readFile(join(folder, name))).buffer;
    for (const row of await parquetReadObjects({ file, utf8: true })) {
      if (row.not_judged !== null && row.not_judged !== undefined) continue;
      const { time, detectors: scores, ...verdict } = sparkSchema.parse(row);
      verdicts.set(...line({ ...verdict, scores }, time.getTime(), apart));
    }
  }
  return verdicts;
}

/** Every verdict of a streaming run. */
export function streamedVerdicts(documents: Iterable<Streamed>, apart: ReadonlySet<string>): Map<string, string> {
  return new Map([...documents].map(({ time, ...verdict }) => line(verdict, time.getTime(), apart)));
}
