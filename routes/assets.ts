/**
 * The page and what it loads: everything from this machine, nothing from elsewhere.
 *
 * Each file is part of the module graph (`with { type: "text" }`), so serving it needs no permission to read, follows
 * the program into `deno compile` and onto a host without files, and no request can name a file that is not listed.
 * The same holds for Chart.js and its plugins for lines across a chart and for heat maps: the import of an entry brings
 * the package into the cache, and its ready-made script, which the package does not export, lies beside the entry. Deno
 * lets modules of a cached package be loaded without `--allow-read`.
 *
 * Every answer carries an ETag and is asked for again each time (`no-cache`): a new version shows at once, an unchanged
 * one costs an empty 304.
 *
 * @module
 */
import { type Context, Hono } from "hono";
// The texts are not used: these imports make Deno fetch the packages before the scripts beside them are asked for.
import "chart.js" with { type: "text" };
import "chartjs-chart-matrix" with { type: "text" };
import "chartjs-plugin-annotation" with { type: "text" };
import { etagOf, isKnown } from "./etag.ts";
import { files } from "./page_files.ts";

/**
 * What the page may do: load scripts, styles and images from here, talk to here, and be framed by nobody. No inline
 * script or style, no eval.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml; charset=utf-8",
};

/** Scripts of packages, each of which sets a global: where it is served, and where it lies beside the package's entry. */
const VENDOR: Readonly<Record<string, () => string>> = {
  "/vendor/chart.umd.min.js": () => new URL("./chart.umd.min.js", import.meta.resolve("chart.js")).href,
  "/vendor/chartjs-plugin-annotation.min.js": () =>
    new URL("./chartjs-plugin-annotation.min.js", import.meta.resolve("chartjs-plugin-annotation")).href,
  "/vendor/chartjs-chart-matrix.min.js": () =>
    new URL("./chartjs-chart-matrix.min.js", import.meta.resolve("chartjs-chart-matrix")).href,
};

const INDEX = "/static/index.html";

interface Asset {
  readonly text: string;
  readonly type: string;
  readonly etag: string;
}

/** The routes of the page: `/`, `/static/*` and `/vendor/*`. GET and HEAD only. Needs no permission. */
export function assets(): Hono {
  const known = new Map<string, Promise<Asset>>();

  function find(path: string): Promise<Asset> | undefined {
    const before = known.get(path);
    if (before) return before;
    const text = path === "/"
      ? withModules(files[INDEX])
      : Object.hasOwn(VENDOR, path)
      ? vendorScript(VENDOR[path]())
      : files[path];
    if (text === undefined) return undefined;
    const asset = Promise.resolve(text).then((text) => assetOf(path === "/" ? INDEX : path, text));
    known.set(path, asset);
    return asset;
  }

  async function serve(c: Context): Promise<Response> {
    const asset = await find(c.req.path);
    if (asset === undefined) return c.notFound();
    c.header("etag", asset.etag);
    c.header("cache-control", "no-cache");
    c.header("content-security-policy", POLICY);
    c.header("x-content-type-options", "nosniff");
    c.header("referrer-policy", "no-referrer");
    c.header("cross-origin-opener-policy", "same-origin");
    if (isKnown(c, asset.etag)) return c.body(null, 304);
    c.header("content-type", asset.type);
    return c.body(asset.text);
  }

  const app = new Hono();
  app.get("/", serve);
  app.get("/static/*", serve);
  app.get("/vendor/*", serve);
  return app;
}

/** The page with all its modules named: they load side by side, instead of each when another one has asked for it. */
function withModules(html: string): string {
  const links = Object.keys(files).filter((path) => path.endsWith(".js") && path !== "/static/theme.js")
    .map((path) => `<link rel="modulepreload" href="${path}">`);
  return html.replace("</head>", `${links.join("\n")}\n</head>`);
}

/** A package's ready-made script: its modules need bare imports of other packages. */
async function vendorScript(url: string): Promise<string> {
  const script: { default: string } = await import(url, { with: { type: "text" } });
  return script.default;
}

function assetOf(path: string, text: string): Asset {
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "text/plain; charset=utf-8";
  return { text, type, etag: etagOf(text) };
}
