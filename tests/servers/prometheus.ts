/**
 * Prometheus, Debian's, that scrapes one address every second.
 *
 * @module
 */
import { join } from "../../std/path.ts";
import { type Running, runTool, serverFor, type ServerSpec } from "./server.ts";

function spec(target: string): ServerSpec {
  const command = (folder: string, port: number) => [
    ...["prometheus", `--config.file=${join(folder, "prometheus.yml")}`, `--storage.tsdb.path=${join(folder, "data")}`],
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  return {
    name: "prometheus",
    ports: ["prometheus"],
    ready: /Server is ready to receive web requests/,
    async prepare(folder, { prometheus }) {
      const job = `{job_name: sensorium, static_configs: [{targets: ["${target}"]}]}`;
      const text = `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs: [${job}]\n`;
      await Deno.writeTextFile(join(folder, "prometheus.yml"), text);
      return command(folder, prometheus);
    },
    again: () => Promise.reject(new Error("Prometheus is not started again")),
  };
}

/**
 * The server of this run, started by whoever asks first.
 *
 * @param target host and port of an instance
 * @throws {ServerMissing} without Prometheus
 */
export async function prometheusServer(target: string): Promise<Running> {
  await runTool("prometheus", ["--version"]);
  return await serverFor(spec(target));
}
