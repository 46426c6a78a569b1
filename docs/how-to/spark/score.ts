/**
 * Scores readings by one fixed network: NDJSON in, a score a line out, in order.
 *
 *     deno run --allow-read score.ts MODEL.json < readings.ndjson
 *
 * The network's weights stay as `GET /federation/model` gave them. Each sensor's scale and usual error are its own and are
 * learnt on the way, score first, as behind the server.
 *
 * @module
 */
import {
  CHANNEL_FEATURES,
  FEATURE_LENGTH,
  HOUR_FEATURES,
  Network,
  pushValue,
  writeChannel,
  writeHour,
} from "@sensorium/sensorium/models";

/** What is needed of the answer of `GET /federation/model`. */
interface Model {
  readonly version: number;
  readonly form: { readonly channels: readonly string[] };
  readonly weights: readonly number[];
}

/** What is needed of a reading. */
interface Reading {
  readonly sensor: string;
  readonly time: number | string;
  readonly values: Readonly<Record<string, number | null>>;
}

const { version, form: { channels }, weights }: Model = JSON.parse(Deno.readTextFileSync(Deno.args[0]));
const network = new Network(channels.length), global = Float32Array.from(weights);
const row = new Float64Array(HOUR_FEATURES + channels.length * CHANNEL_FEATURES);
const sensors = new Map<string, { features: Float64Array; floats: Float32Array; doubles: Float64Array }>();

function stateOf(sensor: string) {
  let state = sensors.get(sensor);
  if (!state) {
    const features = new Float64Array(channels.length * FEATURE_LENGTH);
    state = { features, floats: new Float32Array(network.floats), doubles: new Float64Array(network.doubles) };
    network.beginFrom(state.floats, 0, state.doubles, 0, global);
    sensors.set(sensor, state);
  }
  return state;
}

/** The score of a reading: about 1 where all is usual, 0 while too little was seen. */
function score({ sensor, time: said, values }: Reading): string {
  const { features, floats, doubles } = stateOf(sensor), time = typeof said === "number" ? said : Date.parse(said);
  writeHour(row, 0, time);
  channels.forEach((channel, c) => {
    const value = values[channel] ?? NaN, at = c * FEATURE_LENGTH;
    if (!Number.isNaN(value)) pushValue(features, at, value, time);
    writeChannel(row, 0, c, value, features, at);
  });
  const error = network.step(floats, 0, doubles, 0, row, 0, true);
  floats.set(global, network.weightsAt); // what it learnt of the weights is forgotten
  return JSON.stringify({ sensor, time: new Date(time).toISOString(), values, score: error, version });
}

let rest = "";
const out = new TextEncoder();
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop() ?? "";
  const scored = lines.filter((line) => line !== "").map((line) => score(JSON.parse(line)) + "\n").join("");
  const bytes = out.encode(scored);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
