/**
 * Every exported symbol has a doc comment, and every file says at its top what it is.
 *
 * `deno doc --lint` asks for more than that (a comment on every property, every referenced type exported, those of
 * packages too), so that what it finds is not what matters here; this reads the same `deno doc` output.
 *
 * @module
 */
import { z } from "zod";

/** Folders whose symbols are for others to read. */
const FOLDERS = [
  "actors",
  "bench",
  "commands",
  "data",
  "models",
  "routes",
  "sinks",
  "sources",
  "std",
  "store",
  "tools",
];

const commentSchema = z.object({ doc: z.string().optional(), tags: z.array(z.unknown()).optional() }).optional();
/** `deno doc` counts lines from 0, people from 1. */
const placeSchema = z.object({ line: z.number().transform((line) => line + 1) });
const methodSchema = z.object({
  name: z.string(),
  jsDoc: commentSchema,
  accessibility: z.string().optional(),
  isOverride: z.boolean().optional(),
  location: placeSchema,
});
const declarationSchema = z.object({
  location: placeSchema,
  declarationKind: z.string(),
  kind: z.string(),
  jsDoc: commentSchema,
  def: z.object({ methods: z.array(methodSchema).optional(), implements: z.array(z.unknown()).optional() }).optional(),
});
const fileSchema = z.object({
  module_doc: commentSchema,
  symbols: z.array(z.object({ name: z.string(), declarations: z.array(declarationSchema) })).default([]),
});
const docSchema = z.object({ nodes: z.record(z.string(), fileSchema) });

type Comment = z.infer<typeof commentSchema>;
type Declaration = z.infer<typeof declarationSchema>;

/**
 * What lacks a doc comment in the output of `deno doc --json`.
 *
 * @param output as it was parsed from JSON
 * @returns lines `file:line what`, in order
 * @throws {z.ZodError} if the output has another shape, as a later Deno may give it
 */
export function undocumented(output: unknown): string[] {
  const missing: string[] = [];
  for (const [file, { module_doc, symbols }] of Object.entries(docSchema.parse(output).nodes)) {
    const path = file.replace(/^file:\/\//, "");
    if (!said(module_doc)) missing.push(`${path}:1 the module itself`);
    for (const { name, declarations } of symbols) {
      for (const declaration of declarations) missing.push(...missingIn(path, name, declaration, declarations));
    }
  }
  const collator = new Intl.Collator("en", { numeric: true });
  return missing.sort(collator.compare);
}

function missingIn(path: string, name: string, declaration: Declaration, all: readonly Declaration[]): string[] {
  // what is exported again has its comment where it is declared
  if (declaration.declarationKind !== "export" || declaration.kind === "reference") return [];
  const missing: string[] = [];
  // one comment is enough for a schema and the type of its name, and for overloads
  if (!all.some(({ jsDoc }) => said(jsDoc))) missing.push(`${path}:${declaration.location.line} ${name}`);
  // methods that implement a port are documented there
  if (declaration.kind !== "class" || (declaration.def?.implements ?? []).length > 0) return missing;
  for (const method of declaration.def?.methods ?? []) {
    const own = method.accessibility !== "private" && method.isOverride !== true;
    const documented = declaration.def?.methods?.some((other) => other.name === method.name && said(other.jsDoc));
    if (own && !documented && !method.name.startsWith("[")) {
      missing.push(`${path}:${method.location.line} ${name}.${method.name}()`);
    }
  }
  return missing;
}

function said(comment: Comment): boolean {
  return (comment?.doc?.trim() ?? "") !== "";
}

/** Every TypeScript file below a folder, in order of name. */
function filesBelow(folder: string): string[] {
  const files: string[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...filesBelow(path));
    else if (entry.name.endsWith(".ts")) files.push(path);
  }
  return files.sort();
}

/** Whether there is such a folder. */
function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) {
  const files = ["main.ts", ...FOLDERS.filter(isFolder).flatMap(filesBelow)];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "--import-map", "tests/deno.json", ...files],
  })
    .output();
  if (code !== 0) {
    console.error(new TextDecoder().decode(stderr));
    Deno.exit(1);
  }
  const missing = undocumented(JSON.parse(new TextDecoder().decode(stdout)));
  for (const line of missing) console.error(`no doc comment: ${line}`);
  console.log(`${files.length} files, ${missing.length} exported symbols without a doc comment`);
  Deno.exit(missing.length === 0 ? 0 : 1);
}
