/**
 * `deno task grafana-check`: what the dashboards of Grafana ask, asked of a real Prometheus that scrapes a real instance, and
 * of a real PostgreSQL that the program has filled. Each panel must have data. Grafana itself is in no package registry.
 *
 * @module
 */
import { z } from "zod";
import { type Command, readSettings } from "../../commands/settings/settings.ts";
import { join } from "../../std/path.ts";
import { Program } from "../process.ts";
import { asTest, postgresServer } from "../servers/postgres.ts";
import { prometheusServer } from "../servers/prometheus.ts";
import { fill, sinkUrl } from "./fill.ts";
import { figureQueries, grafanaQueries } from "./queries.ts";
import { program } from "../../tools/program.ts";

/** Scrapes before the questions: rates want two, a checkpoint and an epoch of models some more. */
const SCRAPES = 45;

const answerSchema = z.object({ data: z.object({ result: z.array(z.unknown()) }) });

const command: Command<Record<string, never>> = {
  name: "grafana-check",
  summary: "Asks a real Prometheus and a real PostgreSQL what the panels of Grafana ask; each must have data.",
  settings: {},
  examples: [{ line: "deno task grafana-check", does: "some two minutes; needs prometheus" }],
};

/** Asks what every panel asks; 0 if each has data. */
async function run(args: readonly string[]): Promise<number> {
  await readSettings(command, args);
  const server = await postgresServer(), address = server.address({ database: await server.database() });
  const home = await Deno.makeTempDir({ prefix: "sensorium-grafana-" }), found = new Map<string, number>();
  const count = (panel: string, rows: number) => void found.set(panel, (found.get(panel) ?? 0) + rows);
  try {
    await using instance = new Program([
      ...["start", "--port", "0", "--data-dir", join(home, "data"), "--scenario", "facility", "--shards", "2"],
      ...["--sink", sinkUrl(address)],
    ]);
    const [, api] = await instance.says(/the page is at (\S+)\//);
    const { ports: { prometheus } } = await prometheusServer(new URL(api).host);
    const ask = async (query: string) => {
      const answer = await fetch(`http://127.0.0.1:${prometheus}/api/v1/query?${new URLSearchParams({ query })}`);
      return answerSchema.parse(await answer.json()).data.result.length;
    };
    const post = async (text: string) =>
      void await (await fetch(`${api}/readings`, { method: "POST", body: text })).text();
    while (await ask(`count_over_time(sensorium_uptime_seconds[1h]) >= ${SCRAPES}`) === 0) {
      await post('{"sensor":"press-1","time":"2100-01-01T00:00:00Z","values":{"pressure":4}}'); // from the future
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    for (const { of, query } of figureQueries()) {
      const series = await ask(query);
      count(`figures: ${of}`, series);
      if (series === 0) console.log(`nothing yet: ${query}`);
    }
    const sensor = await fill(address);
    await asTest(address, async (client) => {
      for (const { of, sql } of grafanaQueries(sensor)) count(`tables: ${of}`, (await client.query(sql)).length);
    });
    for (const [panel, rows] of found) console.log(`${panel}: ${rows} series or rows`);
    const empty = [...found].filter(([, rows]) => rows === 0).map(([panel]) => panel);
    console.log(empty.length === 0 ? `each of ${found.size} has data` : `DIFFERENT: nothing in ${empty.join("; ")}`);
    return empty.length === 0 ? 0 : 1;
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

await program(run);
