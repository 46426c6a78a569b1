/**
 * Which folder may import which: imports point one way, from the edges to the pure centre.
 *
 * @module
 */

/** What a folder may import beside itself and packages. */
interface Layer {
  /** Folders of ours that it may use. */
  readonly uses: readonly string[];
  /** Folders of which it may know the types, and nothing else. */
  readonly knows: readonly string[];
}

/** The folders behind the ports may know each other's types: main.ts puts their objects together. */
const BEHIND_PORTS = ["store", "sources", "sinks", "data"];

/** Folders with a rule; any other one (commands, tests, bench, tools) is wiring and may import everything. */
const LAYERS: ReadonlyMap<string, Layer> = new Map<string, Layer>([
  ["std", { uses: [], knows: [] }],
  ["models", { uses: [], knows: [] }],
  ["actors", { uses: ["models"], knows: [] }],
  ...BEHIND_PORTS.map((name) => [name, { uses: ["actors", "models", "std"], knows: BEHIND_PORTS }] as const),
  ["routes", { uses: ["actors", "std"], knows: BEHIND_PORTS }],
  ["static", { uses: [], knows: [] }],
]);

/** The first folder of a path below the repository's root; empty for a file at the root. */
export function layerOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/**
 * Why a file must not import something.
 *
 * @param from the importing file, from the repository's root: `store/log/log.ts`
 * @param specifier as it is written in the import
 * @param onlyTypes whether nothing but types is imported
 * @returns one sentence; undefined if the import is fine
 */
export function refusedImport(from: string, specifier: string, onlyTypes: boolean): string | undefined {
  const layer = layerOf(from);
  if (/^@std\/|^npm:\/?deno-std\b/.test(specifier)) {
    return layer === "std" ? undefined : `${specifier} has no types: import its typed face in std/ instead`;
  }
  if (/^(https?|jsr):/.test(specifier)) return `${specifier} must come from npm, through the imports of deno.json`;
  if (!specifier.startsWith(".")) {
    return layer === "static" ? `static/ is served as it is: ${specifier} is no file of it` : undefined;
  }
  const target = layerOf(new URL(specifier, `file:///${from}`).pathname.slice(1));
  const rule = LAYERS.get(layer);
  if (rule === undefined || target === layer || rule.uses.includes(target)) return undefined;
  if (rule.knows.includes(target)) {
    return onlyTypes ? undefined : `${layer}/ may import types of ${target}/ only: write import type`;
  }
  const allowed = [...rule.uses, ...rule.knows.map((name) => `types of ${name}`)].join(", ");
  return `${layer}/ must not import ${target === "" ? specifier : `${target}/`}: ${
    allowed === "" ? "it imports nothing of ours" : `it may import ${allowed}`
  }`;
}

/** Whether a file is pure: clock and randomness are passed in, nothing of the system is touched. */
export function isPure(path: string): boolean {
  return /^(models|actors)\//.test(path);
}
