/**
 * Traces as a collector gets them: Deno's own export of a running instance, from a request to the alert, over workers.
 *
 * @module
 */
import { z } from "zod";
import { readInstance } from "../../commands/instance/instance.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { Folder, startInstance, until } from "../process.ts";

const text = z.object({ stringValue: z.string().optional() });
const spanSchema = z.object({
  name: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().default(""),
  attributes: z.array(z.object({ key: z.string(), value: text })).default([]),
});
const exportSchema = z.object({
  resourceSpans: z.array(z.object({
    resource: z.object({ attributes: z.array(z.object({ key: z.string(), value: text })) }),
    scopeSpans: z.array(z.object({ scope: z.object({ name: z.string() }), spans: z.array(spanSchema) })),
  })),
});
type Span = z.infer<typeof spanSchema> & { readonly scope: string; readonly service?: string };

/** A collector of OTLP over HTTP, as JSON. */
class Collector implements AsyncDisposable {
  readonly spans: Span[] = [];
  private readonly server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const body = await request.json();
    if (new URL(request.url).pathname === "/v1/traces") this.take(body);
    return Response.json({});
  });

  get url(): string {
    return `http://127.0.0.1:${this.server.addr.port}`;
  }

  private take(body: unknown): void {
    for (const { resource, scopeSpans } of exportSchema.parse(body).resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue;
      for (const { scope, spans } of scopeSpans) {
        this.spans.push(...spans.map((span) => ({ ...span, scope: scope.name, service })));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.shutdown();
  }
}

const TRACE = "0af7651916cd43dd8448eb211c80319c", CLIENT = "b7ad6b7169203331";
const CONFIG = {
  judging: {
    types: { pump: { channels: { a: { low: 0, high: 50 } } } },
    alerts: { rules: { limit: { raise: 1, of: 1 } } },
  },
};

for (const shards of [1, 2]) {
  Deno.test(`start() with OTEL_DENO=true exports one trace from the request to the alert, with ${shards} shards`, async () => {
    await using folder = new Folder();
    await using collector = new Collector();
    await Deno.writeTextFile(folder.at("config.json"), JSON.stringify(CONFIG));
    const { program, url } = await startInstance([
      ...["--data-dir", folder.at("data"), "--config", folder.at("config.json"), "--port", "0", "--scenario", "none"],
      ...["--shards", String(shards), "--checkpoint", "100", "--trace-every", "0"],
      ...["--allow-hosts", new URL(collector.url).host],
    ], {
      env: {
        OTEL_DENO: "true",
        OTEL_SERVICE_NAME: "plant",
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_BSP_SCHEDULE_DELAY: "100",
        OTEL_DENO_CONSOLE: "ignore",
      },
    });
    await using _ = program;
    const send = async (a: number, headers: Record<string, string>) => {
      const reading = { sensor: "pump-1", time: Date.now(), values: { a }, type: "pump" };
      const answer = await fetch(`${url}/readings`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(reading),
      });
      assertEquals((await answer.json()).accepted, 1);
    };
    const token = (await readInstance(folder.at("data")))?.token;
    const webhook = await fetch(`${url}/webhooks`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ name: "operators", url: `${collector.url}/hook` }),
    });
    assertEquals([webhook.status, (await webhook.json()).name], [201, "operators"]);
    await send(20, {});
    await send(60, { traceparent: `00-${TRACE}-${CLIENT}-01` });
    const ours = () => collector.spans.filter(({ scope, traceId }) => scope === "sensorium" && traceId === TRACE);
    const spans = await until("the spans of the reading", () => ours().length >= 6 && ours());
    const one = (name: string) => {
      const found = spans.filter((span) => span.name === name);
      assertEquals(found.length, 1, name);
      return found[0];
    };
    const request = await until(
      "the span of the request",
      () => collector.spans.find(({ scope, parentSpanId }) => scope === "deno" && parentSpanId === CLIENT),
    );
    const reading = one("reading");
    assertEquals(reading.parentSpanId, request.spanId);
    for (const name of ["batch", "checkpoint", "alert", "webhook"]) {
      assertEquals(one(name).parentSpanId, reading.spanId, name);
    }
    assertEquals(one("shard").parentSpanId, one("batch").spanId, "the context has gone through the worker");
    const said = (span: Span, key: string) => span.attributes.find((one) => one.key === key)?.value.stringValue;
    assertEquals([said(reading, "sensorium.sensor"), reading.service], ["pump-1", "plant"]);
    assertEquals([said(one("alert"), "sensorium.step"), said(one("alert"), "sensorium.condition")], [
      "raised",
      "limit",
    ]);
    const others = collector.spans.filter(({ scope, traceId }) => scope === "sensorium" && traceId !== TRACE);
    assert(others.length === 0, "who brings no trace is not followed");
  });
}
