/**
 * What Maven fetches for servers in Java, kept between runs.
 *
 * @module
 */
import { fromFileUrl, join } from "../../std/path.ts";
import { runTool, ServerMissing } from "./server.ts";

/** A file beside this one. */
export const beside = (name: string) => fromFileUrl(new URL(`./${name}`, import.meta.url));

/**
 * The folder with the jars of a POM, fetched once.
 *
 * @param name with the version: `kafka-4.1.2`
 * @param pom name of the file beside this one
 * @param finish what else belongs into the folder before it is whole
 * @throws {ServerMissing} without Java or Maven, or where Maven cannot fetch
 */
export async function jars(name: string, pom: string, finish?: (folder: string) => Promise<unknown>): Promise<string> {
  const cache = join(Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/tmp", ".cache"), "sensorium");
  const folder = join(cache, name), whole = join(folder, "whole");
  if (await Deno.stat(whole).then(() => true, () => false)) return folder;
  await runTool("java", ["-version"]);
  await Deno.mkdir(folder, { recursive: true });
  const flags = ["-q", "-B", "-ntp", "-f", beside(pom), `-DoutputDirectory=${folder}`, "-DincludeScope=runtime"];
  try {
    await runTool("mvn", [...flags, "dependency:copy-dependencies"]);
  } catch (error) {
    throw error instanceof ServerMissing ? error : new ServerMissing(`Maven cannot fetch ${name}: ${error}`);
  }
  await finish?.(folder);
  await Deno.writeTextFile(whole, "");
  return folder;
}
