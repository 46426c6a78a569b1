/**
 * The statements that write rounds of the federation: a round never changes, so a row that is there stays.
 *
 * @module
 */
import type { GlobalModelItem, LocalModelItem } from "../delivery/item.ts";
import { type Parameter, plainArray, textArray } from "./client.ts";
import type { Statement } from "./statements.ts";

const GLOBAL = `
  INSERT INTO global_models
    (id, group_name, round, "timestamp", reading_count, loss, model, version, participant_count)
  SELECT * FROM unnest(
    $1::text[], $2::text[], $3::int8[], $4::timestamptz[], $5::int8[], $6::float8[], $7::text[], $8::int8[], $9::int8[]
  )
  ON CONFLICT DO NOTHING`;

/** A row for each averaged network, in `global_models`. */
export function writeGlobalModels(items: readonly GlobalModelItem[]): Statement {
  return statement(GLOBAL, [
    ...ofBoth(items),
    textArray(items.map(({ model }) => model)),
    plainArray(items.map(({ version }) => version)),
    plainArray(items.map(({ participant_count }) => participant_count)),
  ]);
}

const LOCAL = `
  INSERT INTO local_models (id, group_name, round, "timestamp", reading_count, loss, participant, kind)
  SELECT * FROM unnest(
    $1::text[], $2::text[], $3::int8[], $4::timestamptz[], $5::int8[], $6::float8[], $7::text[], $8::text[]
  )
  ON CONFLICT DO NOTHING`;

/** A row for each participant of each round, in `local_models`. */
export function writeLocalModels(items: readonly LocalModelItem[]): Statement {
  return statement(LOCAL, [
    ...ofBoth(items),
    textArray(items.map(({ participant }) => participant)),
    textArray(items.map(({ kind }) => kind)),
  ]);
}

/** What both have, in the order of their columns. */
function ofBoth(items: readonly (GlobalModelItem | LocalModelItem)[]): Parameter[] {
  return [
    textArray(items.map(({ id }) => id)),
    textArray(items.map(({ group }) => group)),
    plainArray(items.map(({ round }) => round)),
    plainArray(items.map(({ time }) => new Date(time).toISOString())),
    plainArray(items.map(({ readings }) => readings)),
    plainArray(items.map(({ loss }) => loss)),
  ];
}

function statement(text: string, parameters: readonly Parameter[]): Statement {
  return { text, parameters, days: new Set() }; // these tables have no days
}
