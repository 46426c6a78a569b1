import { parseReading, READING_LIMITS } from "../../../actors/reading.ts";
import { COLLECTIONS } from "../../../sinks/mongodb/schemas.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { jsonSchemaOf } from "./written_schemas.ts";

async function written(name: string) {
  return JSON.parse(await Deno.readTextFile(new URL(`../../../docs/schemas/${name}.json`, import.meta.url)));
}

Deno.test("docs/schemas/ has the schema of every collection as MongoDB is given it", async () => {
  for (const [name, { schema }] of Object.entries(COLLECTIONS)) {
    assertEquals(await written(name), jsonSchemaOf(name, schema));
  }
});

Deno.test("docs/schemas/device_data.json says what a reading may hold, with examples that are readings", async () => {
  const { required, properties, examples } = await written("device_data");
  assertEquals(required, ["sensor", "time", "values"]);
  assertEquals(Object.keys(properties), [
    ...["sensor", "time", "values", "type", "location", "label", "comment", "attributes"],
  ]);
  assertEquals(properties.sensor.maxLength, READING_LIMITS.sensorLength);
  assertEquals(properties.values.maxProperties, READING_LIMITS.channels);
  assertEquals(properties.comment.maxLength, READING_LIMITS.textLength);
  assertEquals(properties.attributes.maxProperties, READING_LIMITS.attributes);
  for (const example of examples) assert("sensor" in parseReading(example), JSON.stringify(parseReading(example)));
});
