/**
 * The repository itself, as the tests of the project look at it.
 *
 * @module
 */
import { fromFileUrl, join, relative } from "../../std/path.ts";

/** The repository's root. */
export const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** Folders that are not the project's own text. */
const SKIPPED = new Set([".git", ".sensorium", "node_modules", "coverage"]);

/** Paths from the root of all files with such an ending, in order of name. */
export function filesOf(ending: RegExp, folder = ROOT): string[] {
  const files: string[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory) files.push(...filesOf(ending, path));
    else if (ending.test(entry.name)) files.push(relative(ROOT, path));
  }
  return files.sort();
}

/** The text of a file of the repository. */
export function textOf(path: string): string {
  return Deno.readTextFileSync(join(ROOT, path));
}

/** Runs this Deno in the repository; resolves to what it said. */
export async function deno(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly code: number; readonly out: string; readonly error: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: options.cwd ?? ROOT,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...options.env },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}
