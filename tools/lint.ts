/**
 * Rules of this repository for `deno lint`: the direction of imports, typed faces only, and no clock, chance or
 * system in the pure folders.
 *
 * @module
 */
import { isPure, refusedImport } from "./layers.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** The path of a linted file from the repository's root. */
function fromRoot(filename: string): string {
  const path = filename.replaceAll("\\", "/");
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path.replace(/^\.?\//, "");
}

/** What a pure file must not reach for, by object and member; `*` stands for every member. */
const IMPURE: ReadonlyMap<string, readonly string[]> = new Map([
  ["Date", ["now"]],
  ["Math", ["random"]],
  ["performance", ["now"]],
  ["crypto", ["getRandomValues", "randomUUID"]],
  ["Deno", ["*"]],
]);

/** Functions that wait on the system's clock. */
const TIMERS: readonly string[] = ["setTimeout", "setInterval"];

/** Whether an import fetches a file's text or bytes, to send or to read: no code is run, so no direction is broken. */
function isData(attributes: readonly Deno.lint.ImportAttribute[]): boolean {
  return attributes.some(({ key, value }) =>
    (key.type === "Identifier" ? key.name : key.value) === "type" &&
    ["text", "bytes", "json"].includes(String(value.value))
  );
}

const imports: Deno.lint.Rule = {
  create(context) {
    const path = fromRoot(context.filename);
    const judge = (node: Deno.lint.Node, specifier: string, onlyTypes: boolean) => {
      const message = refusedImport(path, specifier, onlyTypes);
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration(node) {
        if (isData(node.attributes)) return;
        const onlyTypes = node.importKind === "type" ||
          (node.specifiers.length > 0 &&
            node.specifiers.every((specifier) =>
              specifier.type === "ImportSpecifier" && specifier.importKind === "type"
            ));
        judge(node, node.source.value, onlyTypes);
      },
      ExportNamedDeclaration(node) {
        if (node.source) judge(node, node.source.value, node.exportKind === "type");
      },
      ExportAllDeclaration(node) {
        judge(node, node.source.value, node.exportKind === "type");
      },
      ImportExpression(node) {
        if (node.source.type === "Literal" && typeof node.source.value === "string") {
          judge(node, node.source.value, false);
        }
      },
    };
  },
};

const pure: Deno.lint.Rule = {
  create(context) {
    if (!isPure(fromRoot(context.filename))) return {};
    const passedIn = (what: string) =>
      `${what} in models/ or actors/: clock, chance and system are passed in, so that a run can be repeated`;
    return {
      MemberExpression(node) {
        if (node.object.type !== "Identifier") return;
        const members = IMPURE.get(node.object.name);
        if (members === undefined) return;
        const member = node.property.type === "Identifier" && !node.computed ? node.property.name : "*";
        if (members.includes("*") || member === "*" || members.includes(member)) {
          context.report({ node, message: passedIn(`${node.object.name}.${member}`) });
        }
      },
      NewExpression(node) {
        const isDate = node.callee.type === "Identifier" && node.callee.name === "Date";
        if (isDate && node.arguments.length === 0) context.report({ node, message: passedIn("new Date()") });
      },
      CallExpression(node) {
        if (node.callee.type === "Identifier" && TIMERS.includes(node.callee.name)) {
          context.report({ node, message: passedIn(node.callee.name) });
        }
      },
    };
  },
};

/** The plugin. */
const plugin: Deno.lint.Plugin = { name: "sensorium", rules: { imports, pure } };
export default plugin;
