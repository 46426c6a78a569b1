/**
 * How the repository's own commands end: as the product's do, but whatever nobody expected with where it happened.
 *
 * @module
 */
import { CommandError } from "../commands/process/errors.ts";
import { explain } from "../commands/process/explain.ts";

/**
 * Runs a command with what stands on the command line and ends this process with its exit code, or with a sentence on
 * standard error.
 */
export async function program(run: (args: readonly string[]) => Promise<number>): Promise<never> {
  try {
    Deno.exit(await run(Deno.args));
  } catch (error) {
    const { exitCode, text, asked } = explain(error, !(error instanceof CommandError));
    console[asked ? "log" : "error"](text);
    Deno.exit(exitCode);
  }
}
