/**
 * Step 1: readings, windows, predictions and alerts, in partitions of a day.
 *
 * @module
 */
import type { Migration } from "../migrations.ts";

/** The tables that are partitioned by day. */
const BY_DAY = ["sensor_readings", "sensor_aggregates", "ml_anomaly_predictions"];

/** Step 1. */
export const TABLES: Migration = {
  version: 1,
  name: "readings, windows, predictions and alerts, in partitions of a day",
  statements: (schema) => `
    CREATE TABLE ${schema}.sensor_readings (
      id text NOT NULL,
      channel text NOT NULL,
      sensor_id text NOT NULL,
      sensor_type text,
      location text,
      value float8 NOT NULL,
      unit text,
      "timestamp" timestamptz NOT NULL,
      anomaly boolean NOT NULL,
      PRIMARY KEY ("timestamp", id, channel)
    ) PARTITION BY RANGE ("timestamp");
    CREATE INDEX sensor_readings_timestamp ON ${schema}.sensor_readings ("timestamp" DESC);
    CREATE INDEX sensor_readings_location ON ${schema}.sensor_readings (location, "timestamp");

    CREATE TABLE ${schema}.sensor_aggregates (
      id text NOT NULL,
      channel text NOT NULL,
      window_start timestamptz NOT NULL,
      window_end timestamptz NOT NULL,
      location text,
      sensor_type text,
      sensor_id text NOT NULL,
      avg_value float8 NOT NULL,
      min_value float8 NOT NULL,
      max_value float8 NOT NULL,
      stddev_value float8 NOT NULL,
      reading_count int8 NOT NULL,
      anomaly_count int8 NOT NULL,
      score_max float8,
      revision int4 NOT NULL,
      PRIMARY KEY (window_start, id, channel)
    ) PARTITION BY RANGE (window_start);
    CREATE INDEX sensor_aggregates_start ON ${schema}.sensor_aggregates (window_start DESC);
    CREATE INDEX sensor_aggregates_location ON ${schema}.sensor_aggregates (location, window_start);

    CREATE TABLE ${schema}.ml_anomaly_predictions (
      id text NOT NULL,
      channel text NOT NULL,
      sensor_id text NOT NULL,
      sensor_type text,
      value float8 NOT NULL,
      "timestamp" timestamptz NOT NULL,
      is_anomaly boolean NOT NULL,
      anomaly_score float8,
      rule_based_anomaly boolean NOT NULL,
      expected_low float8,
      expected_high float8,
      explanation text,
      model_versions jsonb,
      PRIMARY KEY ("timestamp", id, channel)
    ) PARTITION BY RANGE ("timestamp");
    CREATE INDEX ml_anomaly_predictions_timestamp ON ${schema}.ml_anomaly_predictions ("timestamp" DESC);
    CREATE INDEX ml_anomaly_predictions_anomaly ON ${schema}.ml_anomaly_predictions (is_anomaly, "timestamp");

    CREATE TABLE ${schema}.alerts (
      id text PRIMARY KEY,
      sensor_id text NOT NULL,
      sensor_type text,
      location text,
      condition text NOT NULL,
      channel text,
      priority text NOT NULL,
      state text NOT NULL,
      raised_at timestamptz,
      cleared_at timestamptz,
      acknowledged_at timestamptz,
      acknowledged_by text,
      label text,
      value float8,
      expected_low float8,
      expected_high float8,
      message text NOT NULL,
      position int8 NOT NULL
    );
    CREATE INDEX alerts_raised ON ${schema}.alerts (raised_at DESC);
    CREATE INDEX alerts_location ON ${schema}.alerts (location, raised_at);

    CREATE TABLE ${schema}.alert_transitions (
      id text PRIMARY KEY,
      alert_id text NOT NULL,
      transition text NOT NULL,
      "timestamp" timestamptz NOT NULL,
      position int8 NOT NULL,
      message text NOT NULL,
      by_whom text,
      comment text
    );
    CREATE INDEX alert_transitions_alert ON ${schema}.alert_transitions (alert_id, position);

    -- Makes the partitions of these days. The writer may call it; it needs no right to make tables of its own.
    -- Attaching a finished table does not lock readers and writers out, as creating a partition would.
    CREATE FUNCTION ${schema}.sensorium_make_days(days date[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $body$
    DECLARE
      one date;
      parent text;
      part text;
    BEGIN
      PERFORM pg_advisory_xact_lock(7366019114);
      FOREACH one IN ARRAY days LOOP
        FOREACH parent IN ARRAY ARRAY[${BY_DAY.map((table) => `'${table}'`).join(", ")}] LOOP
          part := parent || '_' || to_char(one, 'YYYYMMDD');
          IF to_regclass(quote_ident(part)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
            EXECUTE format(
              'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
              parent, part, one::timestamp AT TIME ZONE 'UTC', (one + 1)::timestamp AT TIME ZONE 'UTC'
            );
          END IF;
        END LOOP;
      END LOOP;
    END $body$;
    REVOKE EXECUTE ON FUNCTION ${schema}.sensorium_make_days(date[]) FROM PUBLIC;

    -- Drops the partitions of days before this one, and alerts that were cleared before it; how many partitions.
    CREATE FUNCTION ${schema}.sensorium_drop_days(before date) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp SET lock_timeout = '1s' AS $body$
    DECLARE
      part text;
      dropped int4 := 0;
    BEGIN
      PERFORM pg_advisory_xact_lock(7366019114);
      FOR part IN
        SELECT child.relname FROM pg_inherits
        JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = ANY (ARRAY[${BY_DAY.map((table) => `'${table}'::regclass`).join(", ")}])
          AND right(child.relname, 8) < to_char(before, 'YYYYMMDD')
      LOOP
        EXECUTE format('DROP TABLE %I', part);
        dropped := dropped + 1;
      END LOOP;
      DELETE FROM alert_transitions t USING alerts a WHERE t.alert_id = a.id AND a.cleared_at < before;
      DELETE FROM alerts WHERE cleared_at < before;
      RETURN dropped;
    END $body$;
    REVOKE EXECUTE ON FUNCTION ${schema}.sensorium_drop_days(date) FROM PUBLIC;
  `,
};
