import fc from "fast-check";
import { endpointSchema } from "../../actors/alerts/delivery.ts";
import type { AlertTransition } from "../../actors/views.ts";
import type { AlertFollowing } from "../../sinks/webhook/line.ts";
import { RETRY } from "../../sinks/webhook/retry.ts";
import { Webhooks } from "../../sinks/webhook/webhooks.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { AlertFeed } from "../../store/alert_feed.ts";
import { KEYS } from "../../store/keys.ts";
import { KvDeliveryBook } from "../../store/webhooks.ts";
import { FakeClock, settle } from "../routes/fakes.ts";
import { type CommitFault, FaultyKv } from "../store/faulty_kv.ts";

const RUNS = Math.ceil(25 * Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1));

function transition(position: number): AlertTransition {
  const alert = `p:${position}:pump:limit:a`;
  const told = { sensor: "pump", condition: "limit", priority: "high", message: "" } as const;
  return { id: `${alert}/raised`, alert, transition: "raised", ...told, time: position, partition: "p", position };
}

const doing = fc.oneof(
  fc.record({ kind: fc.constant("steps" as const), count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(500, 5_000, 400_000) }),
  fc.constant({ kind: "restart" as const }),
);
const answerArb = fc.constantFrom<number | undefined>(200, 200, 200, 204, 500, 503, undefined, 429, 400, 302);
const faultArb = fc.constantFrom<CommitFault>("ok", "ok", "ok", "lost", "unanswered");

Deno.test("Webhooks delivers every step at least once, first times in order, whatever fails and restarts", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(doing, { maxLength: 25 }),
      fc.array(answerArb, { maxLength: 40 }),
      fc.array(faultArb, { maxLength: 40 }),
      async (deeds, answers, faults) => {
        const kv = new FaultyKv(), clock = new FakeClock(), delivered: string[] = [];
        let position = 0, statuses: (number | undefined)[] = [];
        const ids: string[] = [];
        const begin = async () => {
          const feed = new AlertFeed(kv), ending = new AbortController();
          await feed.load(["p"]);
          const following: AlertFollowing = {
            alerts: (cursor, signal) => feed.follow(cursor, signal),
            alertsCursor: () => feed.cursor,
          };
          const webhooks = new Webhooks({
            book: new KvDeliveryBook(kv, clock),
            feed: following,
            clock,
            chance: () => 0.5,
            base: "",
            allowed: [],
            resolve: () => Promise.resolve(["8.8.8.8"]),
            random: (bytes) => bytes.fill(1),
            policy: { ...RETRY, attempts: 1000 },
            post: ({ headers }) => {
              const status = statuses.length > 0 ? statuses.shift() : 200;
              if (status !== undefined && status < 300) delivered.push(headers["webhook-id"]);
              return Promise.resolve(status === undefined ? { error: "no answer" } : { status, error: "refused" });
            },
          });
          const running = webhooks.run(ending.signal);
          return { feed, webhooks, end: () => (ending.abort(), running) };
        };
        let run = await begin();
        await run.webhooks.add(endpointSchema.parse({ name: "plant", url: "https://hooks.test/" }));
        statuses = [...answers];
        kv.faults = [...faults];
        for (const deed of deeds) {
          if (deed.kind === "pass") await clock.advance(deed.ms);
          else if (deed.kind === "restart") {
            await run.end();
            run = await begin();
          } else {
            const steps = Array.from({ length: deed.count }, () => transition(position++));
            // Stored before it is published, as a checkpoint does it; that write is not what is tried here.
            for (const one of steps) {
              const key = KEYS.transition("p", one.position, one.id);
              kv.apply({ checks: [], mutations: [{ key, value: one, set: true }] });
              ids.push(one.id);
            }
            run.feed.publish("p", steps);
            await settle(1);
          }
        }
        kv.faults = [];
        let dead: string[] = [], rounds = 0;
        while (new Set([...delivered, ...dead]).size < ids.length) {
          assert(++rounds < 300, `it never ends: ${delivered.length} delivered, ${dead.length} dead of ${ids.length}`);
          await clock.advance(400_000);
          dead = (await run.webhooks.dead("plant")).map(({ event }) => event);
        }
        await run.end();
        assertEquals(new Set([...delivered, ...dead]), new Set(ids));
        const first = [...new Set(delivered)];
        assertEquals(first, ids.filter((id) => first.includes(id)), "first deliveries are in order");
      },
    ),
    { numRuns: RUNS },
  );
});
