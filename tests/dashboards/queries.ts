/**
 * The queries of the dashboards in `docs/dashboards` as the programs send them.
 *
 * @module
 */
import { z } from "zod";
import { filesOf, textOf } from "../project/tree.ts";

/** A query, and what it belongs to. */
export interface Query {
  readonly of: string;
  readonly sql: string;
}

const figuresSchema = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
});

/** Every query of the dashboard over Prometheus, for all jobs. */
export function figureQueries(): { readonly of: string; readonly query: string }[] {
  const { panels } = figuresSchema.parse(JSON.parse(textOf("docs/dashboards/sensorium.json")));
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ of: title, query: expr.replaceAll("$job", ".*") }))
  );
}

const grafanaSchema = z.object({
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string(), query: z.string() })) }),
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ rawSql: z.string() })) })),
});

/** The period that macros are filled with: all of the time. */
const FROM = "'1970-01-01T00:00:00Z'", TO = "'2100-01-01T00:00:00Z'";

/** A query as Grafana's PostgreSQL source sends it: macros spelt out, the sensor filled in. */
function spelt(sql: string, sensor: string): string {
  return sql.replace(/\$__timeFilter\(([^)]+)\)/g, `$1 BETWEEN ${FROM} AND ${TO}`)
    .replace(
      /\$__timeGroupAlias\(([^,]+), \$__interval\)/g,
      'floor(extract(epoch from $1) / 60) * 60 AS "time"',
    ).replaceAll("$sensor", sensor);
}

/** Every query of the dashboard over PostgreSQL. */
export function grafanaQueries(sensor: string): Query[] {
  const { templating, panels } = grafanaSchema.parse(JSON.parse(textOf("docs/dashboards/sensorium-postgresql.json")));
  return [
    ...templating.list.filter(({ type }) => type === "query").map(({ name, query }) => ({
      of: `$${name}`,
      sql: spelt(query, sensor),
    })),
    ...panels.flatMap(({ title, targets }) => targets.map(({ rawSql }) => ({ of: title, sql: spelt(rawSql, sensor) }))),
  ];
}

/** The text of a field of a YAML file of Superset's: quoted, or a block. */
function field(text: string, name: string): string {
  const block = new RegExp(`^${name}: \\|-\\n((?:(?: {2}.*)?\\n)+)`, "m").exec(text)?.[1];
  return block ?? new RegExp(`^ *${name}: "(.*)"$`, "m").exec(text)?.[1] ?? "";
}

/** The items of a list of texts. */
function list(text: string, name: string): string[] {
  const block = new RegExp(`^ *${name}:\\n((?: *- ".*"\\n)+)`, "m").exec(text)?.[1] ?? "";
  return [...block.matchAll(/- "(.*)"/g)].map(([, one]) => one);
}

/** Every chart of Superset's dashboard: its measures by what it groups by, over its data set. */
export function supersetQueries(): Query[] {
  const files = filesOf(/\.yaml$/).filter((path) => path.startsWith("docs/dashboards/superset/"));
  const of = (folder: string) => files.filter((path) => path.includes(`/${folder}/`)).map(textOf);
  const sets = new Map(of("datasets").map((text) => [field(text, "uuid"), field(text, "sql")]));
  return of("charts").map((text) => {
    const axis = field(text, "x_axis");
    const groups = [
      ...axis === "" ? [] : [axis],
      ...["groupby", "groupbyRows", "groupbyColumns"].flatMap((name) => list(text, name)),
    ];
    const measures = [...text.matchAll(/aggregate: "(\w+)"\n\s+column:\n\s+column_name: "(\w+)"\n\s+label: "(.*)"/g)]
      .map(([, how, column, label]) => `${how}("${column}") AS "${label}"`);
    const keys = groups.map((group) => `"${group}"`), by = keys.length === 0 ? "" : ` GROUP BY ${keys.join(", ")}`;
    const sql = `SELECT ${[...keys, ...measures].join(", ")} FROM (${
      sets.get(field(text, "dataset_uuid"))
    }) AS data${by}`;
    return { of: field(text, "slice_name"), sql };
  });
}
