import fc from "fast-check";
import { SEVERITY } from "../../actors/alerts/words.ts";
import { fingerprint, postableOpen, postableStep, webhookV4 } from "../../sinks/alertmanager.ts";
import { isPublic } from "../../sinks/webhook/address.ts";
import { cloudEvent, isWanted } from "../../sinks/webhook/event.ts";
import { judge, RETRY, retryAfterMs } from "../../sinks/webhook/retry.ts";
import { REPLAY_WINDOW_S, sign, signatureError } from "../../sinks/webhook/sign.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { step } from "./webhook_receiver.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", NOW = Date.UTC(2026, 0, 31, 12);

Deno.test("sign() gives the signature of Standard Webhooks' own test vector", () => {
  const headers = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', 1_614_265_330_999);
  assertEquals(headers, {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

Deno.test("signatureError() refuses what was changed, what is old, and what is replayed later", () => {
  const body = '{"a": "é"}', signed = { ...sign(SECRET, "id", body, NOW) };
  const error = (more: Record<string, string>, text = body, now = NOW) =>
    signatureError(SECRET, new Headers({ ...signed, ...more }), text, now);
  assertEquals(error({}), undefined);
  assertEquals(error({ "webhook-signature": `v1,AAAA ${signed["webhook-signature"]}` }), undefined);
  assertEquals(error({}, body, NOW + REPLAY_WINDOW_S * 1000), undefined);
  assert(error({}, body, NOW + REPLAY_WINDOW_S * 1000 + 1000)?.includes("300 s away"));
  for (
    const [more, text] of [
      [{ "webhook-id": "other" }, body],
      [{ "webhook-timestamp": String(NOW / 1000 + 1) }, body],
      [{}, body + " "],
      [{ "webhook-signature": "v1," }, body],
    ] as const
  ) assertEquals(error(more, text), "the signature is not that of this body");
  assertEquals(signatureError(SECRET, new Headers(), body, NOW), "a webhook header is missing");
});

Deno.test("judge() repeats what may pass, for a bounded number of times and with jitter", () => {
  const at = (status: number | undefined, attempt = 1, chance = 1, retryAfter?: string) =>
    judge({ status, ...(retryAfter === undefined ? {} : { retryAfter }) }, attempt, RETRY, NOW, chance);
  for (const status of [200, 202, 204, 299]) assertEquals(at(status), { outcome: "delivered" });
  for (const status of [100, 301, 307, 308, 400, 401, 403, 404, 405, 413, 422]) {
    assertEquals(at(status), { outcome: "dead" });
  }
  assertEquals(at(410), { outcome: "gone" });
  for (const status of [undefined, 408, 425, 429, 500, 502, 503, 504]) {
    assertEquals(at(status), { outcome: "retry", waitMs: 1000 });
    assertEquals(at(status, RETRY.attempts), { outcome: "dead" });
  }
  assertEquals(at(503, 3, 0), { outcome: "retry", waitMs: 2000 });
  assertEquals(at(503, 11, 1), { outcome: "retry", waitMs: 300_000 });
  assertEquals(at(429, 1, 1, "120"), { outcome: "retry", waitMs: 120_000 });
  assertEquals(at(503, 1, 1, "Sat, 31 Jan 2026 12:00:30 GMT"), { outcome: "retry", waitMs: 30_000 });
  assertEquals(at(429, 1, 1, "999999999"), { outcome: "retry", waitMs: RETRY.retryAfterMostMs });
  fc.assert(fc.property(
    fc.integer({ min: 1, max: RETRY.attempts - 1 }),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.option(fc.string(), { nil: undefined }),
    (attempt, chance, header) => {
      const outcome = judge({ status: 503, ...(header ? { retryAfter: header } : {}) }, attempt, RETRY, NOW, chance);
      const backoff = Math.min(RETRY.mostMs, RETRY.firstMs * 2 ** (attempt - 1));
      assert(outcome.outcome === "retry" && outcome.waitMs >= Math.floor(backoff / 2));
      assert(outcome.waitMs <= RETRY.retryAfterMostMs);
    },
  ));
  assertEquals(["soon", "-5", "1.5", ""].map((text) => retryAfterMs(text, NOW)), new Array(4).fill(undefined));
  assertEquals(retryAfterMs("Sat, 31 Jan 2026 11:00:00 GMT", NOW), 0);
});

Deno.test("isPublic() knows the public internet from everything else", () => {
  for (
    const address of [
      "93.184.216.34",
      "8.8.8.8",
      "172.32.0.1",
      "2606:4700:4700::1111",
      "2a00:1450::1",
      "2002:0808:0808::1",
    ]
  ) {
    assert(isPublic(address), address);
  }
  for (
    const address of [
      "0.0.0.0",
      "10.1.2.3",
      "100.64.0.1",
      "127.0.0.1",
      "127.255.255.255",
      "169.254.169.254",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "198.18.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "::ffff:127.0.0.1",
      "::ffff:7f00:1",
      "::ffff:808:808",
      "64:ff9b::7f00:1",
      "fe80::1",
      "fe80::1%eth0",
      "fc00::1",
      "fd12:3456::1",
      "ff02::1",
      "2001::1",
      "2001:db8::1",
      "2002:7f00:1::1",
      "2002:0a00:0001::",
      "3fff::1",
      "localhost",
      "",
      "8.8.8",
    ]
  ) assert(!isPublic(address), address);
});

Deno.test("isWanted() tells of the step by which an alert falls below the least priority: a receiver would keep it open", () => {
  const wanted = (transition: "raised" | "eased" | "cleared", priority: "low" | "high") =>
    isWanted({ priority: "high" }, step(1, { transition, priority }));
  assertEquals([wanted("raised", "high"), wanted("eased", "low"), wanted("cleared", "high")], [true, true, true]);
  assertEquals([wanted("raised", "low"), wanted("cleared", "low")], [false, false]);
});

Deno.test("cloudEvent() has the attributes of CloudEvents 1.0 and nothing that they forbid", () => {
  const event = cloudEvent(step(42, { priority: "critical", shelved_until: NOW }), "https://plant.test/sensorium");
  const { data, ...attributes } = event;
  for (const [name, value] of Object.entries(attributes)) {
    assert(/^[a-z0-9]{1,20}$/.test(name), name);
    assert(typeof value === "string" ? value.length > 0 : Number.isInteger(value), name);
  }
  assertEquals([event.severitytext, event.severitynumber, event.sequence], ["FATAL", 21, "0000000000000042"]);
  assertEquals([data.time, data.raised_at, data.shelved_until], [
    "2026-01-31T11:00:42.000Z",
    "2026-01-31T11:00:42.000Z",
    "2026-01-31T12:00:00.000Z",
  ]);
  assertEquals(data.expected, [null, 80]);
  assert(Object.values(SEVERITY).every((severity) => severity >= 1 && severity <= 1000));
});

Deno.test("postableStep() fires, ends and leaves out as Alertmanager needs it", () => {
  const base = "http://plant.test/";
  const fired = postableStep(step(1), NOW, base);
  assertEquals(fired?.labels, {
    alertname: "SensoriumLimit",
    job: "sensorium",
    sensor: "pump",
    condition: "limit",
    channel: "temperature",
    sensor_type: "pumps",
    location: "hall",
    priority: "high",
    severity: "critical",
  });
  assertEquals([fired?.startsAt, fired?.endsAt], ["2026-01-31T11:00:01.000Z", "2026-01-31T12:04:00.000Z"]);
  assertEquals(fired?.generatorURL, "http://plant.test/alerts/http-00%3A1%3Apump%3Alimit%3Atemperature");
  const cleared = postableStep(
    step(9, { transition: "cleared", raised_at: NOW - 60_000, time: NOW - 1000 }),
    NOW,
    base,
  );
  assertEquals([cleared?.labels, cleared?.endsAt], [fired?.labels, "2026-01-31T11:59:59.000Z"]);
  const ahead = postableStep(step(9, { transition: "cleared", raised_at: NOW + 5, time: NOW + 9 }), NOW, base);
  assertEquals([ahead?.startsAt, ahead?.endsAt], ["2026-01-31T12:00:00.000Z", "2026-01-31T12:00:00.001Z"]);
  assertEquals(
    postableStep(step(2, { transition: "shelved", notify: false }), NOW, base)?.endsAt,
    "2026-01-31T12:00:00.000Z",
  );
  assertEquals(postableStep(step(2, { transition: "escalated", notify: false }), NOW, base), undefined);
  assertEquals(postableStep(step(2, { transition: "acknowledged", raised_at: undefined }), NOW, base), undefined);
  const { id: _, alert: id, transition: _t, time: _time, partition: _p, position: _pos, ...said } = step(1);
  const open = { ...said, id, state: "active" as const, raised_at: said.raised_at ?? 0 };
  assertEquals(postableOpen(open, NOW, base), fired);
  for (
    const more of [{ suppressed: true }, { out_of_service: true }, { shelved_until: NOW + 1 }, {
      state: "cleared" as const,
    }]
  ) {
    assertEquals(postableOpen({ ...open, ...more }, NOW, base), undefined);
  }
});

Deno.test("webhookV4() has the shape of Alertmanager's own webhook", () => {
  const hook = webhookV4(step(1), NOW, "plant", "http://plant.test");
  assertEquals([hook?.version, hook?.status, hook?.receiver, hook?.truncatedAlerts], ["4", "firing", "plant", 0]);
  assertEquals(hook?.groupKey, '{}:{alertname="SensoriumLimit"}');
  assertEquals(hook?.alerts[0].endsAt, "0001-01-01T00:00:00Z");
  assertEquals(hook?.alerts[0].fingerprint, fingerprint(hook?.alerts[0].labels ?? {}));
  const over = webhookV4(step(1, { transition: "cleared", time: NOW }), NOW, "plant", "http://plant.test");
  assertEquals([over?.status, over?.alerts[0].status, over?.alerts[0].endsAt], [
    "resolved",
    "resolved",
    "2026-01-31T12:00:00.000Z",
  ]);
});
