/**
 * `deno task train [parts | FILE --label COLUMN]`: trains a logistic regression, shows all of it, and registers it.
 *
 * Where an instance runs on the data directory it registers the version, and answers with it at once.
 *
 * @module
 */
import { readTable, TableError, type TableFile } from "../data/table_file.ts";
import { type Training, trainLogistic } from "../models/logistic/train.ts";
import { basename } from "../std/path.ts";
import { CommandError, EXIT, UsageError } from "./process/errors.ts";
import { withModels } from "./instance/models.ts";
import { progressBar } from "./process/progress.ts";
import { decimal, list, text, toggle, wholeNumber } from "./settings/setting.ts";
import { type Command, COMMON, readSettings } from "./settings/settings.ts";
import { newLogistic, PARTS_MODEL, partsOrigin, type TrainingOrigin, trainParts } from "./train/model.ts";
import { trainLabelled } from "./train/labels.ts";
import { registeredLine, trainingLines } from "./train/table.ts";

const settings = {
  labels: toggle({ fallback: false, help: "learn from the labels that people gave to readings, group by group" }),
  label: text({ fallback: undefined, help: "column with the label, 0 or 1", placeholder: "COLUMN" }),
  features: list({ help: "columns to learn from (default: every column of numbers)", placeholder: "COLUMN" }),
  without: list({ help: "columns to leave out, such as what is only known afterwards", placeholder: "COLUMN" }),
  name: text({ fallback: undefined, help: "the model's name (default: the file's)", placeholder: "NAME" }),
  aside: decimal({ min: 0.05, max: 0.5, fallback: 0.2, help: "share of the rows set aside to judge by" }),
  folds: wholeNumber({ min: 2, max: 20, fallback: 5, help: "parts of the cross-validation" }),
  register: toggle({ fallback: true, help: "register what was trained as a new version" }),
  seed: COMMON.seed,
  dataDir: COMMON.dataDir,
  kv: COMMON.kv,
};

const command: Command<typeof settings> = {
  name: "train",
  summary: "Trains a logistic regression from labels, shows how good it is, and registers it as a new version.",
  positional: { what: "[parts | FILE | GROUP]", least: 0, most: 1 },
  settings,
  examples: [
    { line: "deno task train", does: "the parts: what POST /predict answers by" },
    { line: "deno task train items.csv --label faulty", does: "a file of your own" },
    { line: "deno task train items.csv --label faulty --without cause --no-register", does: "only to see" },
    { line: "deno task train --labels", does: "from what people said of readings, see POST /labels" },
  ],
  notes: [
    "FILE is CSV with a header, NDJSON or a JSON array of flat objects, also as .gz. The model is asked by",
    "POST /predict?model=NAME and POST /v2/models/NAME/infer. With --labels, a GROUP is a type of sensors, or a set of",
    "channels as GET /labels/counts spells it; default: every group with 20 labels of either kind.",
  ],
};

/** Trains from people's labels, each group's model in turn. */
async function trainGroups(values: Values, group: string | undefined): Promise<number> {
  const { label, features, without, name, register, seed, aside, folds, dataDir, kv } = values;
  if (label !== undefined || features.length > 0 || without.length > 0 || name !== undefined) {
    throw new UsageError("--label, --features, --without and --name are for a FILE, not for --labels");
  }
  await withModels(dataDir, kv, async (models) => {
    const made = await trainLabelled(models, { group, register, seed, testShare: aside, folds });
    console.log(made.map((lines) => lines.join("\n")).join("\n\n"));
  });
  return EXIT.done;
}

type Values = Awaited<ReturnType<typeof readSettings<typeof settings>>>["values"];

/** What was trained, and where from. */
interface Trained {
  readonly name: string;
  readonly training: Training;
  readonly origin: TrainingOrigin;
  /** What a person should know of the data. */
  readonly notes: readonly string[];
}

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns the exit code
 * @throws {CommandError} one sentence, where it cannot be done
 */
export async function train(args: readonly string[]): Promise<number> {
  const { values, positional: [given] } = await readSettings(command, args);
  if (values.labels) return await trainGroups(values, given);
  const path = given ?? PARTS_MODEL;
  const ofFile = values.label !== undefined || values.features.length > 0 || values.without.length > 0;
  if (path === PARTS_MODEL && ofFile) throw new UsageError("--label, --features and --without are for a FILE");
  const { name, training, origin, notes } = path === PARTS_MODEL
    ? trainedParts(values)
    : await trainedFile(path, values);
  console.log([`${name}: ${origin.data}`, ...notes, ...trainingLines(training)].join("\n"));
  if (!values.register) return EXIT.done;
  await withModels(values.dataDir, values.kv, async (models) => {
    const version = await models.register(name, newLogistic(training, origin));
    const state = (await models.list()).find((one) => one.name === name);
    console.log(`\n${registeredLine(version, state?.active ?? version.version)}`);
  });
  return EXIT.done;
}

function trainedParts({ seed, aside, folds, name = PARTS_MODEL }: Values): Trained {
  const training = trainParts(seed, { testShare: aside, folds });
  return { name, training, origin: partsOrigin(seed, { testShare: aside, folds }), notes: [] };
}

async function trainedFile(path: string, values: Values): Promise<Trained> {
  const { label, features, without, seed, aside, folds } = values;
  if (label === undefined) throw new UsageError("train FILE needs --label COLUMN: which column says 0 or 1");
  const bar = progressBar("training");
  try {
    const file = await readTable(path, { label, without, ...(features.length > 0 ? { features } : {}) });
    const training = trainLogistic(file.table, {
      seed,
      testShare: aside,
      folds,
      progress: (share) => bar.update(share, ""),
    });
    const name = values.name ?? basename(path).replace(/\.gz$/, "").replace(/\.[^.]+$/, "");
    return {
      name,
      training,
      origin: {
        data: `${basename(path)}, label ${label}`,
        seed,
        configuration: { folds, share_set_aside: aside, file_sha256: file.sha256 },
      },
      notes: notesOf(file),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new CommandError(`there is no ${path}`, { cause: error });
    if (error instanceof TableError) throw new CommandError(error.message, { cause: error });
    if (error instanceof RangeError) throw new CommandError(`${path}: ${error.message}`, { cause: error });
    throw error;
  } finally {
    bar.stop();
  }
}

function notesOf({ table, leftOut, dropped, suspects }: TableFile): string[] {
  const notes = [`features: ${table.features.join(", ")}`];
  if (leftOut.length > 0) notes.push(`left out: ${leftOut.map(({ column, why }) => `${column} (${why})`).join(", ")}`);
  if (dropped > 0) notes.push(`rows dropped for a gap: ${dropped.toLocaleString("en")}`);
  if (suspects.length > 0) {
    notes.push(
      `take care: ${suspects.join(", ")} tell the label all by themselves. If they are known only afterwards, ` +
        `leave them out: --without '${suspects.join(",")}'`,
    );
  }
  return notes;
}
