/**
 * The statements that write items: a batch is one statement, its columns are arrays.
 *
 * Every row has a stable id, so that a batch may come again: readings and transitions stay as they are, a window keeps its
 * highest revision, an alert its latest position.
 *
 * @module
 */
import type { WindowView } from "../../actors/views.ts";
import type { AlertItem, ReadingItem } from "../delivery/item.ts";
import { type Parameter, plainArray, textArray } from "./client.ts";

/** A statement, its parameters, and the days (UTC, as `2026-01-31`) that its rows belong to. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly Parameter[];
  readonly days: ReadonlySet<string>;
}

/** The unit of a channel, for people. */
export type UnitOf = (type: string | undefined, channel: string) => string | undefined;

/** Detectors that are rules, not learnt. A warning limit is no anomaly. */
const RULES: ReadonlySet<string> = new Set(["limit", "rate", "physical", "zscore"]);
const DAY_MS = 86_400_000;

/** The day of a time, UTC. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** Writes down the texts of times, most of which share their day. */
class Times {
  readonly days = new Set<string>();
  private day = NaN;

  of(time: number): string {
    const day = Math.floor(time / DAY_MS);
    if (day !== this.day) {
      this.day = day;
      this.days.add(dayOf(time));
    }
    return new Date(time).toISOString();
  }
}

const READINGS = `
  WITH given AS (
    SELECT * FROM unnest(
      $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::text[], $8::timestamptz[],
      $9::boolean[], $10::boolean[], $11::float8[], $12::boolean[], $13::float8[], $14::float8[], $15::text[], $16::jsonb[]
    ) AS g (
      id, channel, sensor_id, sensor_type, location, value, unit, time, anomaly, is_anomaly, score, by_rule, low, high,
      explanation, versions
    )
  ), readings AS (
    INSERT INTO sensor_readings
      (id, channel, sensor_id, sensor_type, location, value, unit, "timestamp", anomaly)
    SELECT id, channel, sensor_id, sensor_type, location, value, unit, time, anomaly FROM given
    ON CONFLICT DO NOTHING
  )
  INSERT INTO ml_anomaly_predictions
    (id, channel, sensor_id, sensor_type, value, "timestamp", is_anomaly, anomaly_score, rule_based_anomaly, expected_low,
     expected_high, explanation, model_versions)
  SELECT id, channel, sensor_id, sensor_type, value, time, is_anomaly, score, by_rule, low, high, explanation, versions
  FROM given
  ON CONFLICT DO NOTHING`;

/** A row for each channel of each reading, in `sensor_readings` and in `ml_anomaly_predictions`. */
export function writeReadings(items: readonly ReadingItem[], unitOf: UnitOf): Statement {
  const times = new Times();
  const id: string[] = [], channel: string[] = [], sensor: string[] = [], time: string[] = [], value: number[] = [];
  const type: (string | undefined)[] = [], location: (string | undefined)[] = [], unit: (string | undefined)[] = [];
  const flagged: boolean[] = [], isAnomaly: boolean[] = [], byRule: boolean[] = [];
  const score: (number | null)[] = [], low: (number | null)[] = [], high: (number | null)[] = [];
  const explanation: (string | undefined)[] = [], versions: (string | undefined)[] = [];
  for (const item of items) {
    const at = times.of(item.time), named = item.flags.some((flag) => flag.channel !== undefined);
    const rules = item.flags.some(({ detector }) => RULES.has(detector));
    const models = item.versions === undefined ? undefined : JSON.stringify(item.versions);
    for (const name in item.values) {
      const number = item.values[name];
      if (number === null) continue;
      const expected = item.expected?.[name];
      id.push(item.id);
      channel.push(name);
      sensor.push(item.sensor);
      type.push(item.type);
      location.push(item.location);
      value.push(number);
      unit.push(unitOf(item.type, name));
      time.push(at);
      flagged.push(item.is_anomaly && (!named || item.flags.some((flag) => flag.channel === name)));
      isAnomaly.push(item.is_anomaly);
      score.push(item.score ?? null);
      byRule.push(rules);
      low.push(expected?.[0] ?? null);
      high.push(expected?.[1] ?? null);
      explanation.push(item.explanation);
      versions.push(models);
    }
  }
  const parameters = [
    textArray(id),
    textArray(channel),
    textArray(sensor),
    textArray(type),
    textArray(location),
    plainArray(value),
    textArray(unit),
    plainArray(time),
    plainArray(flagged),
    plainArray(isAnomaly),
    plainArray(score),
    plainArray(byRule),
    plainArray(low),
    plainArray(high),
    textArray(explanation),
    textArray(versions),
  ];
  return { text: READINGS, parameters, days: times.days };
}

const WINDOWS = `
  INSERT INTO sensor_aggregates
    (id, channel, window_start, window_end, location, sensor_type, sensor_id, avg_value, min_value, max_value, stddev_value,
     reading_count, anomaly_count, score_max, revision)
  SELECT * FROM unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::float8[],
    $9::float8[], $10::float8[], $11::float8[], $12::int8[], $13::int8[], $14::float8[], $15::int4[]
  )
  ON CONFLICT (window_start, id, channel) DO UPDATE SET
    location = excluded.location, sensor_type = excluded.sensor_type, avg_value = excluded.avg_value,
    min_value = excluded.min_value, max_value = excluded.max_value, stddev_value = excluded.stddev_value,
    reading_count = excluded.reading_count, anomaly_count = excluded.anomaly_count, score_max = excluded.score_max,
    revision = excluded.revision
  WHERE sensor_aggregates.revision < excluded.revision`;

/** A row for each channel of each window, in `sensor_aggregates`. */
export function writeWindows(items: readonly WindowView[]): Statement {
  const times = new Times(),
    rows = latest(items, ({ id }) => id, ({ revision }) => revision).flatMap((window) =>
      Object.entries(window.channels).map(([channel, statistics]) => ({ window, channel, ...statistics }))
    );
  const parameters = [
    textArray(rows.map(({ window }) => window.id)),
    textArray(rows.map(({ channel }) => channel)),
    plainArray(rows.map(({ window }) => times.of(window.start))),
    plainArray(rows.map(({ window }) => new Date(window.end).toISOString())),
    textArray(rows.map(({ window }) => window.location)),
    textArray(rows.map(({ window }) => window.type)),
    textArray(rows.map(({ window }) => window.sensor)),
    plainArray(rows.map(({ mean }) => mean)),
    plainArray(rows.map(({ min }) => min)),
    plainArray(rows.map(({ max }) => max)),
    plainArray(rows.map(({ std }) => std)),
    plainArray(rows.map(({ count }) => count)),
    plainArray(rows.map(({ anomalies }) => anomalies)),
    plainArray(rows.map(({ window }) => window.score_max ?? null)),
    plainArray(rows.map(({ window }) => window.revision)),
  ];
  return { text: WINDOWS, parameters, days: times.days };
}

/** Of two states of an alert the later one's word, whichever comes first. */
const later = (column: string) =>
  `${column} = CASE WHEN excluded.position >= alerts.position THEN excluded.${column} ELSE alerts.${column} END`;
/** What an alert gets once. */
const once = (column: string) => `${column} = coalesce(alerts.${column}, excluded.${column})`;

const ALERTS = `
  WITH steps AS (
    INSERT INTO alert_transitions (id, alert_id, transition, "timestamp", position, message, by_whom, comment)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::int8[], $6::text[], $7::text[], $8::text[])
    ON CONFLICT DO NOTHING
  )
  INSERT INTO alerts
    (id, sensor_id, sensor_type, location, condition, channel, priority, state, raised_at, cleared_at, acknowledged_at,
     acknowledged_by, label, value, expected_low, expected_high, message, position)
  SELECT * FROM unnest(
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
    $17::timestamptz[], $18::timestamptz[], $19::timestamptz[], $20::text[], $21::text[], $22::float8[], $23::float8[],
    $24::float8[], $25::text[], $26::int8[]
  )
  ON CONFLICT (id) DO UPDATE SET
    state = CASE WHEN coalesce(alerts.cleared_at, excluded.cleared_at) IS NULL THEN 'active' ELSE 'cleared' END,
    ${
  ["raised_at", "cleared_at", "acknowledged_at", "acknowledged_by", "value", "expected_low", "expected_high"].map(once)
    .join(", ")
},
    label = CASE WHEN excluded.label IS NULL OR (alerts.label IS NOT NULL AND excluded.position < alerts.position)
      THEN alerts.label ELSE excluded.label END,
    ${["sensor_type", "location", "priority", "message"].map(later).join(", ")},
    position = greatest(alerts.position, excluded.position)`;

/** Each step in `alert_transitions`; in `alerts` how each alert stands after all that were ever written. */
export function writeAlerts(items: readonly AlertItem[]): Statement {
  const steps = latest(items, ({ id }) => id, ({ position }) => position);
  const alerts = latest(items, ({ alert }) => alert, ({ position }) => position);
  const stepOf = (transition: string) =>
    new Map(
      latest(steps.filter((step) => step.transition === transition), ({ alert }) => alert, (step) => -step.position)
        .map((step) => [step.alert, step]),
    );
  const raised = stepOf("raised"), cleared = stepOf("cleared"), acknowledged = stepOf("acknowledged");
  const labels = new Map(
    steps.filter(({ label }) => label !== undefined).sort((a, b) => a.position - b.position)
      .map(({ alert, label }) => [alert, label]),
  );
  const time = (step: AlertItem | undefined) => step === undefined ? null : new Date(step.time).toISOString();
  const parameters = [
    textArray(steps.map(({ id }) => id)),
    textArray(steps.map(({ alert }) => alert)),
    textArray(steps.map(({ transition }) => transition)),
    plainArray(steps.map(time)),
    plainArray(steps.map(({ position }) => position)),
    textArray(steps.map(({ message }) => message)),
    textArray(steps.map(({ by }) => by)),
    textArray(steps.map(({ comment }) => comment)),
    textArray(alerts.map(({ alert }) => alert)),
    textArray(alerts.map(({ sensor }) => sensor)),
    textArray(alerts.map(({ type }) => type)),
    textArray(alerts.map(({ location }) => location)),
    textArray(alerts.map(({ condition }) => condition)),
    textArray(alerts.map(({ channel }) => channel)),
    textArray(alerts.map(({ priority }) => priority)),
    textArray(alerts.map(({ alert }) => cleared.has(alert) ? "cleared" : "active")),
    plainArray(alerts.map(({ alert }) => time(raised.get(alert)))),
    plainArray(alerts.map(({ alert }) => time(cleared.get(alert)))),
    plainArray(alerts.map(({ alert }) => time(acknowledged.get(alert)))),
    textArray(alerts.map(({ alert }) => acknowledged.get(alert)?.by)),
    textArray(alerts.map(({ alert }) => labels.get(alert))),
    plainArray(alerts.map(({ alert }) => raised.get(alert)?.value ?? null)),
    plainArray(alerts.map(({ alert }) => raised.get(alert)?.expected?.[0] ?? null)),
    plainArray(alerts.map(({ alert }) => raised.get(alert)?.expected?.[1] ?? null)),
    textArray(alerts.map(({ message }) => message)),
    plainArray(alerts.map(({ position }) => position)),
  ];
  return { text: ALERTS, parameters, days: new Set() };
}

/** Of items that stand for the same thing the last one: a statement must not write a row twice. */
function latest<T>(items: readonly T[], nameOf: (item: T) => string, orderOf: (item: T) => number): T[] {
  const found = new Map<string, T>();
  for (const item of items) {
    const known = found.get(nameOf(item));
    if (known === undefined || orderOf(item) >= orderOf(known)) found.set(nameOf(item), item);
  }
  return [...found.values()];
}
