/**
 * What a command prints, also put into the document that shows it: between `<!-- name -->` and `<!-- /name -->`.
 *
 * @module
 */
import { flag } from "../_measure.ts";

/** A piece of output. */
export interface Piece {
  /** A word: the marks of its place in a document. */
  readonly name: string;
  /** Markdown. */
  readonly text: string;
}

/**
 * A document with a piece in its place.
 *
 * @throws {Error} if the document has no such place
 */
export function spliced(document: string, { name, text }: Piece): string {
  const begin = `<!-- ${name} -->`, end = `<!-- /${name} -->`;
  const from = document.indexOf(begin), to = document.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`cannot write ${name}: the document must have the marks ${begin} and ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}

/** Prints the pieces; with `--document=FILE` they are put into that file as well. */
export async function show(pieces: readonly Piece[]): Promise<void> {
  for (const { text } of pieces) console.log(`${text}\n`);
  const file = flag("document", "");
  if (file !== "") await Deno.writeTextFile(file, pieces.reduce(spliced, await Deno.readTextFile(file)));
}
