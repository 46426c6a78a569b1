/**
 * Local times: both ways, and what happens when clocks change.
 *
 * @module
 */
import fc from "fast-check";
import { assert, assertEquals } from "../../std/assert.ts";
import { Stamps } from "../../sources/stamps.ts";
import { makeZone, type Zone } from "../../models/zone.ts";

function zone(name: string): Zone {
  const made = makeZone(name);
  assert(made !== undefined, `zone ${name}`);
  return made;
}

const utc = (text: string) => Date.parse(`${text}Z`);

Deno.test("makeZone() knows UTC, names and offsets, and nothing else", () => {
  for (const name of ["UTC", "utc", "Z", "Europe/Berlin", "America/Los_Angeles", "+02:00", "-0330", "+14:00"]) {
    zone(name);
  }
  for (const name of ["", "Mars/Olympus", "+25:00", "+02:75", "2"]) assertEquals(makeZone(name), undefined, name);
});

Deno.test("Zone.toUtc() puts local times where they belong, in winter and in summer", () => {
  for (
    const [name, local, expected] of [
      ["UTC", "2024-01-01T12:00", "2024-01-01T12:00"],
      ["+05:30", "2024-01-01T12:00", "2024-01-01T06:30"],
      ["-03:30", "2024-01-01T12:00", "2024-01-01T15:30"],
      ["Europe/Berlin", "2024-01-01T12:00", "2024-01-01T11:00"],
      ["Europe/Berlin", "2024-07-01T12:00", "2024-07-01T10:00"],
      ["Asia/Kathmandu", "2024-07-01T12:00", "2024-07-01T06:15"],
    ]
  ) assertEquals(zone(name).toUtc(utc(local)), utc(expected), `${local} in ${name}`);
});

Deno.test("Zone.toUtc() takes the earlier of two instants, and an hour that is left out as if it were not", () => {
  const berlin = zone("Europe/Berlin");
  for (
    const [local, expected] of [
      ["2024-03-31T01:59:59", "2024-03-31T00:59:59"],
      ["2024-03-31T02:00:00", "2024-03-31T01:00:00"], // left out: is 03:00 summer time
      ["2024-03-31T02:30:00", "2024-03-31T01:30:00"],
      ["2024-03-31T03:00:00", "2024-03-31T01:00:00"],
      ["2024-10-27T01:59:59", "2024-10-26T23:59:59"],
      ["2024-10-27T02:00:00", "2024-10-27T00:00:00"], // comes twice
      ["2024-10-27T02:59:59", "2024-10-27T00:59:59"],
      ["2024-10-27T03:00:00", "2024-10-27T02:00:00"],
    ]
  ) assertEquals(new Date(berlin.toUtc(utc(local))).toISOString(), new Date(utc(expected)).toISOString(), local);
});

Deno.test("Zone.toUtc() undoes toLocal() but for the second of two hours, whatever was asked before", () => {
  const zones = ["Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"].map(
    zone,
  );
  const time = fc.oneof(
    fc.integer({ min: 0, max: 4e12 }),
    fc.integer({ min: -90_000_000, max: 90_000_000 }).map((off) => utc("2024-10-27T01:00:00") + off),
    fc.integer({ min: -90_000_000, max: 90_000_000 }).map((off) => utc("2024-11-03T09:00:00") + off),
  );
  fc.assert(
    fc.property(fc.constantFrom(...zones), time, (one, time) => {
      const back = one.toUtc(one.toLocal(time));
      const twice = back !== time;
      if (twice) {
        assert(time - back === 3_600_000 || time - back === 1_800_000, `${one.name} ${time}: ${back}`);
        assertEquals(one.toLocal(back), one.toLocal(time));
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("Stamps.read() reads what sensors write", () => {
  const local = new Stamps("iso", zone("+01:00"));
  for (
    const [stamp, expected] of [
      ["2004-02-28 00:59:16.02785", "2004-02-27T23:59:16.027"],
      ["2004-02-28T00:59:16", "2004-02-27T23:59:16"],
      ["2004-02-28 00:59", "2004-02-27T23:59"],
      ["2004-02-28", "2004-02-27T23:00"],
      ["2004-02-28T00:59:16Z", "2004-02-28T00:59:16"],
      ["2004-02-28T00:59:16.9+02:00", "2004-02-27T22:59:16.9"],
      ["2004-02-28 00:59:16.1", "2004-02-27T23:59:16.1"],
    ]
  ) assertEquals(local.read(stamp), utc(expected), stamp);
  for (
    const stamp of [
      "2004-02-30 00:00:00",
      "2004-13-01 00:00:00",
      "2004-02-28 24:00:00",
      "28.02.2004",
      "",
      "00:59:16",
      5,
      null,
    ]
  ) {
    assert(Number.isNaN(local.read(stamp)), String(stamp));
  }
});

Deno.test("Stamps.read() refuses a time without a zone where none is declared, and names the flag", () => {
  const stamps = new Stamps("iso", undefined);
  assert(Number.isNaN(stamps.read("2004-02-28 00:59:16")));
  assert(stamps.problem("2004-02-28 00:59:16").includes("--zone UTC"));
  assertEquals(stamps.read("2004-02-28T00:59:16Z"), utc("2004-02-28T00:59:16"));
});

Deno.test("Stamps.read() reads seconds and milliseconds, from numbers and texts", () => {
  assertEquals(new Stamps("epoch_s", undefined).read("1700000000.001"), 1_700_000_000_001);
  assertEquals(new Stamps("epoch_s", undefined).read(1_700_000_000), 1_700_000_000_000);
  assertEquals(new Stamps("epoch_ms", undefined).read("1700000000000"), 1_700_000_000_000);
  for (const bad of ["", "x", "-1", "1e99", null]) assert(Number.isNaN(new Stamps("epoch_ms", undefined).read(bad)));
});

Deno.test("Stamps.write() writes what read() reads, in the same form", () => {
  const time = fc.integer({ min: 0, max: 4e12 });
  for (
    const stamps of [
      new Stamps("iso", undefined),
      new Stamps("iso", zone("Asia/Tokyo")),
      new Stamps("epoch_s", undefined),
      new Stamps("epoch_ms", undefined),
    ]
  ) fc.assert(fc.property(time, (time) => assertEquals(stamps.read(stamps.write(time)), time)));
  assertEquals(new Stamps("iso", zone("UTC")).write(utc("2014-04-01T00:00:00")), "2014-04-01 00:00:00");
});
