/**
 * A plant in a bad hour: what the screenshots show.
 *
 * @module
 */
import { FakePlant } from "./fake.ts";

const MINUTE = 60_000;

/** A facility with something of everything: alerts of each priority, silence, failure, warm-up. */
export function badHour(now: number): FakePlant {
  const plant = new FakePlant({ now });
  const hot = "server-room-temperature";
  for (const value of [24.9, 27.6, 29.8, 31.4, 33.2, 34.1, 34.8]) plant.tick({ [hot]: value });
  plant.raise(hot, {
    priority: "critical",
    condition: "limit",
    value: 34.1,
    expected: [10, 30],
    message: "temperature 34.1 °C is above the limit of 30 °C.",
  });
  plant.tick({ [hot]: 34.6, "manufacturing-floor-co2": 1064 });
  plant.raise("manufacturing-floor-co2", {
    priority: "high",
    condition: "limit",
    value: 1064,
    expected: [null, 1000],
    message: "co2 1064 ppm is above the limit of 1000 ppm.",
  }, 4 * MINUTE);
  plant.tick({ [hot]: 34.9, "manufacturing-floor-co2": 1071, "laboratory-humidity": 52.3 });
  plant.raise("laboratory-humidity", {
    priority: "medium",
    condition: "zscore",
    value: 52.3,
    expected: [43.1, 46.2],
    message: "humidity 52.3 % is 8.6 standard deviations from the mean of the last 10 readings.",
  }, 12 * MINUTE);
  const quiet = plant.get("warehouse-pressure");
  quiet.state = "silent";
  quiet.stateSince = plant.now - 26 * MINUTE;
  quiet.readings.splice(quiet.readings.findIndex((reading) => reading.time > quiet.stateSince));
  quiet.windows.splice(quiet.windows.findIndex((window) => window.end > quiet.stateSince));
  plant.raise("warehouse-pressure", {
    priority: "low",
    condition: "silent",
    message: "No reading for 26 min; one is expected every 2 s.",
  }, 26 * MINUTE);
  const failed = plant.get("office-air_quality");
  failed.state = "failed";
  failed.stateSince = plant.now - 3 * MINUTE;
  const young = plant.get("laboratory-pressure");
  young.state = "warming_up";
  young.warmupLeft = 7;
  young.stateSince = plant.now - 6_000;
  young.readings.splice(0, young.readings.length - 4);
  young.windows.length = 0;
  const tended = plant.get("warehouse-co2");
  tended.state = "maintenance";
  tended.maintenance = { from: plant.now - 20 * MINUTE, to: plant.now + 40 * MINUTE };
  tended.stateSince = tended.maintenance.from;
  plant.get("office-co2").drift = { status: "drifted", index: 0.61, since: plant.now - 2 * 60 * MINUTE };
  const past = [
    ["office-temperature", 31, "temperature 27.4 °C is 5.1 standard deviations from the mean of the last 10 readings."],
    ["warehouse-humidity", 44, "humidity 38.0 % is 4.4 standard deviations from the mean of the last 10 readings."],
    ["server-room-co2", 57, "co2 640 ppm is 6.0 standard deviations from the mean of the last 10 readings."],
  ] as const;
  for (const [name, minutes, message] of past) {
    plant.clear(
      plant.raise(name, { priority: "medium", condition: "zscore", message }, minutes * MINUTE),
      (minutes - 3) * MINUTE,
    );
  }
  return plant;
}
