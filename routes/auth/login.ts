/**
 * Logging in: `GET /login` is a form without a script, `/session` opens, shows and ends a browser's session.
 *
 * The cookie is `HttpOnly` and `SameSite=Strict`: no script can read it, and no other site can make a browser send it.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import { z } from "zod";
import { WRONG_KEYS } from "../auth.ts";
import { addressOf, principalOf, setPrincipal } from "./principal.ts";
import { SESSION_COOKIE, SESSION_LIMITS, type Sessions } from "./sessions.ts";
import { readBytes } from "../body.ts";
import type { AppDeps } from "../deps.ts";
import { Buckets } from "../limits.ts";
import { onlyMethods, Problem } from "../problem.ts";

/** Body of `POST /session`. */
export const sessionBody = z.strictObject({ key: z.string().min(1).max(512) });

/** Greatest body of a login, bytes. */
const BODY_BYTES = 4 * 1024;
const FORM = "application/x-www-form-urlencoded";
const POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The routes of logging in. */
export function login(deps: AppDeps, sessions: Sessions): Hono {
  const app = new Hono(), wrong = new Buckets({ ...WRONG_KEYS, clock: deps.clock });

  app.get("/login", (c) => page(c, 200));
  app.post("/session", async (c) => {
    const isForm = (c.req.header("content-type") ?? "").split(";")[0].trim().toLowerCase() === FORM;
    const secret = await secretOf(c, isForm), key = await deps.access?.keys.check(secret);
    if (key === undefined) {
      deps.counts?.refusedKey();
      const retryAfter = wrong.take(addressOf(c));
      if (retryAfter !== undefined) {
        const headers = { "retry-after": String(retryAfter) };
        throw new Problem(429, "Too many wrong keys came from this address.", { headers });
      }
      if (isForm) return page(c, 401, "That key is not known: it is wrong, revoked or expired.");
      throw new Problem(401, "The key is not known: it is wrong, revoked or expired.");
    }
    await sessions.close(getCookie(c, SESSION_COOKIE));
    setCookie(c, SESSION_COOKIE, await sessions.open(key), {
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      secure: isSecure(c),
      maxAge: SESSION_LIMITS.wholeMs / 1000,
    });
    setPrincipal(c, key); // it is this key that the audit log names
    return isForm ? c.redirect("/", 303) : c.json(shown(c), 201);
  });
  app.get("/session", (c) => c.json(shown(c)));
  app.delete("/session", async (c) => {
    await sessions.close(getCookie(c, SESSION_COOKIE));
    deleteCookie(c, SESSION_COOKIE, { path: "/", secure: isSecure(c) });
    return c.body(null, 204);
  });
  onlyMethods(app, "/login", ["GET"]);
  onlyMethods(app, "/session", ["GET", "POST", "DELETE"]);
  return app;
}

/** Who asks, as the page may show it. */
function shown(c: Context) {
  const { id, name, scopes } = principalOf(c);
  return { id, ...(name === undefined ? {} : { name }), scopes };
}

async function secretOf(c: Context, isForm: boolean): Promise<string> {
  const bytes = await readBytes(c, BODY_BYTES);
  try {
    const text = decoder.decode(bytes);
    const { key } = sessionBody.parse(isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text));
    return key.trim();
  } catch {
    const message = "key must be a text of 1 to 512 characters";
    throw new Problem(400, "The body is not valid.", { errors: [{ field: "key", message }] });
  }
}

/** Whether the browser came by TLS, here or at a proxy before: then the cookie goes back by TLS alone. */
function isSecure(c: Context): boolean {
  return c.req.url.startsWith("https:") || c.req.header("x-forwarded-proto") === "https";
}

function page(c: Context, status: 200 | 401, message = ""): Response | Promise<Response> {
  c.header("content-security-policy", POLICY);
  c.header("referrer-policy", "same-origin"); // with none at all a browser would send the form with `Origin: null`
  return c.html(
    html`
      <!doctype html>
      <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Log in to Sensorium</title>
        <link rel="stylesheet" href="/docs/style.css">
        <main>
          <h1>Log in</h1>
          <p role="alert">${message}</p>
          <form method="post" action="/session">
            <p><label>Key <input type="password" name="key" autocomplete="current-password" required maxlength="512"></label></p>
            <p><button>Log in</button></p>
          </form>
          <p>A key is made by <code>deno task keys create NAME --scopes read,operate</code> on the machine of the
            instance, or by <code>POST /admin/keys</code>.</p>
        </main>
      </html>
    `,
    status,
  );
}
