/**
 * Step 2: rounds of the federation and what each participant brought to them. The weights are not for tables.
 *
 * @module
 */
import type { Migration } from "../migrations.ts";

/** Step 2. */
export const MODELS: Migration = {
  version: 2,
  name: "rounds of the federation",
  statements: (schema) => `
    CREATE TABLE ${schema}.global_models (
      id text PRIMARY KEY,
      group_name text NOT NULL,
      round int8 NOT NULL,
      "timestamp" timestamptz NOT NULL,
      model text NOT NULL,
      version int8 NOT NULL,
      participant_count int8 NOT NULL,
      reading_count int8 NOT NULL,
      loss float8
    );
    CREATE INDEX global_models_timestamp ON ${schema}.global_models ("timestamp" DESC);

    CREATE TABLE ${schema}.local_models (
      id text PRIMARY KEY,
      group_name text NOT NULL,
      round int8 NOT NULL,
      "timestamp" timestamptz NOT NULL,
      participant text NOT NULL,
      kind text NOT NULL,
      reading_count int8 NOT NULL,
      loss float8
    );
    CREATE INDEX local_models_timestamp ON ${schema}.local_models ("timestamp" DESC);

    -- Rounds are dropped with the days; what dropped those until now does it still.
    ALTER FUNCTION ${schema}.sensorium_drop_days(date) RENAME TO sensorium_drop_parts;
    CREATE FUNCTION ${schema}.sensorium_drop_days(before date) RETURNS int4
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ${schema}, pg_temp SET lock_timeout = '1s' AS $body$
    BEGIN
      DELETE FROM local_models WHERE "timestamp" < before::timestamp AT TIME ZONE 'UTC';
      DELETE FROM global_models WHERE "timestamp" < before::timestamp AT TIME ZONE 'UTC';
      RETURN sensorium_drop_parts(before);
    END $body$;
    REVOKE EXECUTE ON FUNCTION ${schema}.sensorium_drop_days(date) FROM PUBLIC;
  `,
};
