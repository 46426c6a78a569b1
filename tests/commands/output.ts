/**
 * Commands run in this process: what they print, and a folder to work in.
 *
 * @module
 */
import { assertEquals } from "../../std/assert.ts";

/** What a command prints, which has to end well. */
export async function said(command: (args: readonly string[]) => Promise<number>, args: string[]): Promise<string> {
  const lines: string[] = [], log = console.log;
  console.log = (line: string) => lines.push(line);
  try {
    assertEquals(await command(args), 0);
  } finally {
    console.log = log;
  }
  return lines.join("\n");
}

/** A folder that is there as long as `act` takes. */
export async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
