/**
 * A Python with PySpark, made once in the cache of the user, and the jobs of `docs/how-to/spark` run by it.
 *
 * @module
 */
import { fromFileUrl, join } from "../../std/path.ts";
import { runTool } from "../servers/server.ts";

/** Version of PySpark, and of its connector to Kafka. */
export const SPARK = "4.0.0";
const CONNECTOR = `org.apache.spark:spark-sql-kafka-0-10_2.13:${SPARK}`;

/** The repository's root. */
export const ROOT = fromFileUrl(new URL("../../", import.meta.url)).replace(/\/$/, "");
const JOBS = join(ROOT, "docs", "how-to", "spark");

/** The folder of a virtual environment with PySpark: some 450 MB, fetched at the first time. */
export async function sparkPython(): Promise<string> {
  const cache = join(Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/tmp", ".cache"), "sensorium");
  const folder = join(cache, `pyspark-${SPARK}`), whole = join(folder, "whole");
  if (await Deno.stat(whole).then(() => true, () => false)) return folder;
  await runTool("python3", ["-m", "venv", folder]);
  await runTool(join(folder, "bin", "pip"), ["install", "--quiet", `pyspark==${SPARK}`, "pymongo"]);
  await Deno.writeTextFile(whole, "");
  return folder;
}

/** Runs a job with Spark's local master; what it printed. */
export async function sparkJob(python: string, job: string, args: readonly string[], kafka = false): Promise<string> {
  const submit = ["--master", "local[2]", "--driver-memory", "1g", ...(kafka ? ["--packages", CONNECTOR] : [])];
  const { success, stdout, stderr } = await new Deno.Command(join(python, "bin", "spark-submit"), {
    args: [...submit, "--py-files", join(JOBS, "judge.py"), join(JOBS, job), ...args],
    env: { PYSPARK_PYTHON: join(python, "bin", "python"), DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  const said = text.decode(stderr).split("\n").filter((line) => !/ (INFO|WARN) /.test(line)).join("\n");
  if (!success) throw new Error(`${job} failed: ${said.slice(-4_000)}`);
  return text.decode(stdout);
}
