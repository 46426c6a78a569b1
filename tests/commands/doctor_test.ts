import { samplesOf } from "../../commands/doctor.ts";
import { diagnose, type Evidence } from "../../commands/doctor/diagnosis.ts";
import { assertEquals, assertStringIncludes } from "../../std/assert.ts";

/** What a healthy instance shows. */
const WELL: Evidence = {
  dataDir: ".sensorium",
  held: true,
  url: "http://127.0.0.1:8000",
  version: "1.0.0",
  ownVersion: "1.0.0",
  ready: { ready: true, reasons: [] },
  metrics: samplesOf('sensorium_sensors 10\nsensorium_partition_up{partition="http-0",source="http"} 1\n'),
  clockAhead: 0.1,
  freeBytes: 50 * 2 ** 30,
  storeBytes: 2 ** 20,
  settings: { host: "127.0.0.1" },
  keys: { count: 0, ending: [] },
};

Deno.test("diagnose() finds nothing at a healthy instance", () => {
  assertEquals(diagnose(WELL).filter(({ level }) => level !== "ok"), []);
});

Deno.test("diagnose() names each thing that is wrong, and what to do", () => {
  const metrics = (text: string) => ({ metrics: samplesOf(`sensorium_sensors 10\n${text}`) });
  const cases: [change: Partial<Evidence>, level: "warn" | "bad", seen: string][] = [
    [{ held: false }, "bad", "none runs"],
    [{ url: undefined }, "bad", "serves no address"],
    [{ version: undefined }, "bad", "nothing answers at http://127.0.0.1:8000"],
    [{ version: "0.9.0" }, "warn", "the instance is 0.9.0, this program 1.0.0"],
    [{ ready: undefined }, "bad", "/readyz does not answer"],
    [{ ready: { ready: false, reasons: ["the disk is full"] } }, "bad", "the disk is full"],
    [{ metrics: undefined }, "warn", "/metrics does not answer"],
    [metrics('sensorium_lag_seconds{partition="k-0"} 120'), "warn", "partition k-0 is 120 s behind"],
    [
      metrics('sensorium_partition_up{partition="k-0",source="kafka"} 0'),
      "bad",
      "partition k-0, source kafka has stopped",
    ],
    [metrics('sensorium_future_total{partition="k-0"} 5'), "warn", "5 readings of partition k-0 came from the future"],
    [
      metrics('sensorium_future_total{partition="k-0",source="k"} 1'),
      "warn",
      "1 reading of partition k-0, source k came from the future",
    ],
    [metrics('sensorium_mailbox_depth{shard="1"} 900'), "warn", "900 batches wait for shard 1"],
    [metrics("sensorium_restarts_total 2"), "warn", "2 restarts"],
    [metrics('sensorium_sensors_in_state{state="failed"} 3\nsensorium_restarts_total 9'), "bad", "3 were stopped"],
    [
      metrics('sensorium_clock_seconds 1900000000\nsensorium_source_time_seconds{partition="k-0"} 1900007200'),
      "warn",
      "the sensors of partition k-0 say that it is 2030-03-17T19:46:40.000Z",
    ],
    [
      metrics(
        'sensorium_clock_seconds 1900000000\nsensorium_source_time_seconds{partition="k-0"} 1890000000\n' +
          'sensorium_lag_seconds{partition="k-0"} 10000000',
      ),
      "warn",
      "say that it is 2029-11-22",
    ],
    [
      metrics(
        'sensorium_clock_seconds 1900000000\nsensorium_checkpoint_seconds{partition="k-0"} 1899999900\n' +
          'sensorium_lag_readings{partition="k-0"} 7',
      ),
      "bad",
      "partition k-0 made its last one 100 s ago, 7 wait",
    ],
    [
      metrics('sensorium_uptime_seconds 100\nsensorium_paused_seconds_total{partition="k-0"} 80'),
      "warn",
      "partition k-0 was held back for 80 % of the time",
    ],
    [
      metrics('sensorium_sink_up{sink="postgres"} 0\nsensorium_sink_backlog_items{sink="postgres"} 12'),
      "warn",
      "sink postgres does not take outputs: 12 wait",
    ],
    [
      metrics('sensorium_sink_up{sink="postgres"} 1\nsensorium_sink_backlog_seconds{sink="postgres"} 900'),
      "warn",
      "sink postgres is slow: 0 wait, the oldest for 900 s",
    ],
    [metrics('sensorium_sink_set_aside_total{sink="kafka"} 2'), "warn", "2 outputs were refused by sink kafka"],
    [
      {
        metrics: samplesOf("sensorium_sensors 10000"),
        budget: { alarms: 1, everyMs: 7 * 86_400_000 },
      },
      "warn",
      "10000 sensors may raise about 60 false alarms an hour",
    ],
    [metrics('sensorium_fenced_total{partition="k-0"} 1'), "warn", "1 writes were refused"],
    [metrics('sensorium_sensors_in_state{state="silent"} 6'), "warn", "6 of 10 are silent"],
    [metrics("sensorium_http_refused_keys_total 5000"), "warn", "5000 requests came with a wrong key"],
    [{ clockAhead: -30 }, "warn", "clock is 30.0 s behind"],
    [{ freeBytes: 2 ** 29 }, "bad", "0.5 GiB free"],
    [{ freeBytes: 2 ** 31 }, "warn", "2.0 GiB free"],
    [{ settings: { host: "0.0.0.0" }, keys: { count: 1, ending: [] } }, "warn", "listens on 0.0.0.0, without TLS"],
    [{ settings: { host: "127.0.0.1", requireKeys: true } }, "bad", "keys are required, and there is none"],
    [{ keys: { count: 2, ending: ["gateway"] } }, "warn", "gateway expire within 14 days"],
  ];
  for (const [change, level, seen] of cases) {
    const wrong = diagnose({ ...WELL, ...change }).filter((one) => one.level !== "ok");
    assertEquals([seen, wrong.map((one) => one.level)], [seen, [level]]);
    assertStringIncludes(wrong[0].seen, seen);
    assertEquals([seen, (wrong[0].todo ?? "").length > 10], [seen, true]);
  }
});
