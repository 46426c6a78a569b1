import { Assignments } from "../../../sources/kafka/assignments.ts";

Deno.test("Assignments.take() lets go of who waits for something to be given up, when it ends", async () => {
  const changes = new Assignments(), stop = new AbortController(), taking = changes.take(stop.signal);
  changes.assign([{
    id: "a",
    async *read() {
      yield* []; // nobody reads it here
    },
  }]);
  await taking.next();
  const end = taking.next(), given = changes.revoke(["a"]);
  stop.abort();
  await end;
  await taking.return(undefined);
  await given;
});
