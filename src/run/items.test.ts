import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { collect } from "../../test/support/tiny-run.ts";
import { ConfigError, InputError, OutputError } from "../errors.ts";
import { writeAtomic, writing } from "../files/atomic-write.ts";
import type { RunEvent } from "./events.ts";
import { type Item, runItems } from "./items.ts";
import { promptKey, RunRecord, readRuns } from "./record/record.ts";

const root = mkdtempSync(join(tmpdir(), "medclip-sam-items-"));
afterAll(() => rmSync(root, { recursive: true }));

let [out, count] = ["", 0];
beforeEach(() => {
  out = join(root, `out-${count++}`);
});
afterEach(() => vi.useRealTimers());

const names = ["a", "b", "c"];
mkdirSync(join(root, "in"));
for (const name of names) writeFileSync(join(root, "in", name), `picture ${name}`);

const itemOf = (name: string): Item => ({ name, file: join(root, "in", name), inputs: [join(root, "in", name)], outputs: [result(name)] });
const result = (name: string) => join(out, "masks", `${name}.png`);
const header = (settings: object = {}) => ({ command: "segment", settings: { beta: 0.1, ...settings }, weights: {} });

/** The work on an item: writes its result, unless a test passes something else. */
const work = async ({ name }: Item) => {
  await writeAtomic(result(name), `mask of ${name}`);
  return { record: { areaPx: 7 }, warnings: [], summary: "7 px" };
};

interface Asked {
  process?: typeof work;
  settings?: object;
  overwrite?: boolean;
  items?: readonly string[];
  signal?: AbortSignal;
}
const events = ({ process = work, settings, overwrite = false, items = names, signal }: Asked = {}) =>
  runItems(items.map(itemOf), process, { out, header: header(settings), overwrite, signal });
const run = (asked?: Asked) => collect(events(asked));
const end = (seen: readonly RunEvent[]) => seen.at(-1) as Extract<RunEvent, { type: "end" }>;
const record = () => JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
const journal = () => join(out, "run.journal.jsonl");

/** The folder of a run that is killed after this many items. */
async function killed(done: number): Promise<void> {
  const first = events();
  for (let seen = 0; seen < done; ) if ((await first.next()).value?.type === "item") seen++;
  cpSync(out, `${out}-killed`, { recursive: true });
  await first.return(undefined);
  rmSync(out, { recursive: true });
  renameSync(`${out}-killed`, out);
}

test("a run leaves its results and a record with a version, and nothing else", async () => {
  expect(end(await run())).toMatchObject({ done: 3, skipped: 0, failed: 0 });
  expect(readdirSync(out).sort()).toEqual(["masks", "run.json"]);
  expect(record()).toMatchObject({ recordVersion: 2, command: "segment", images: names.map((name) => ({ name, areaPx: 7 })), failed: [] });
  expect(end(await run())).toMatchObject({ done: 0, skipped: 3 });
});

describe("a run that was killed", () => {
  test("keeps each finished image, although run.json was last written at the start", async () => {
    await killed(2);
    expect(record().images).toEqual([]);
    expect([...(await readRuns(out)).images.keys()]).toEqual(["a", "b"]); // as the next step reads them meanwhile
    expect(end(await run())).toMatchObject({ done: 1, skipped: 2 });
    expect(record().images.map(({ name }: { name: string }) => name)).toEqual(names);
    expect(existsSync(journal())).toBe(false);
  });

  test("in the middle of a journal line processes that image again, and keeps the lines before", async () => {
    await killed(2);
    const text = readFileSync(journal(), "utf8");
    writeFileSync(journal(), text.slice(0, -9));
    expect(end(await run())).toMatchObject({ done: 2, skipped: 1 });
  });

  test("with a damaged journal line, as a power failure leaves it, processes only that image again", async () => {
    await killed(2);
    const [first, second, ...rest] = readFileSync(journal(), "utf8").split("\n");
    writeFileSync(journal(), [first, "\0".repeat(second!.length), ...rest].join("\n"));
    expect(end(await run())).toMatchObject({ done: 2, skipped: 1 });
  });

  test("between the last record and the end of its journal lists every image once", async () => {
    await killed(2);
    const lines = readFileSync(journal(), "utf8");
    await run();
    writeFileSync(journal(), lines);
    expect(end(await run())).toMatchObject({ done: 0, skipped: 3 });
    expect(record().images).toHaveLength(3);
  });

  test("before the first line of its journal was complete loses nothing of the record", async () => {
    await run();
    writeFileSync(journal(), '{"journal":1,"of":"0');
    expect(end(await run())).toMatchObject({ done: 0, skipped: 3 });
  });

  test("leaves no incomplete files after the next run", async () => {
    await killed(1);
    mkdirSync(join(out, "masks", "sub"), { recursive: true });
    for (const place of ["", "masks", "masks/sub"]) writeFileSync(join(out, place, ".b.png.0.0.tmp"), "half");
    await run();
    expect(readdirSync(out, { recursive: true }).filter((file) => String(file).includes("tmp"))).toEqual([]);
  });
});

describe("a record that does not fit", () => {
  test("a journal of other settings than the record's is ignored, with a warning", async () => {
    await killed(2);
    const lines = readFileSync(journal(), "utf8");
    await run({ settings: { beta: 0.5 }, overwrite: true });
    writeFileSync(journal(), lines);
    const seen = await run({ settings: { beta: 0.5 } });
    expect(seen[0]).toMatchObject({ type: "warning", message: expect.stringMatching(/run.journal.jsonl" belongs to another run/) });
    expect(end(seen)).toMatchObject({ skipped: 3 });
  });

  test("a journal without a record is ignored, as the settings of its results are unknown", async () => {
    await killed(2);
    rmSync(join(out, "run.json"));
    expect(end(await run())).toMatchObject({ done: 3, skipped: 0 });
  });

  test("a record of a newer version is rejected with its file name, and left unchanged", async () => {
    await run();
    const newer = JSON.stringify({ ...record(), recordVersion: 3 });
    writeFileSync(join(out, "run.json"), newer);
    await expect(run({ overwrite: true })).rejects.toThrow(/run.json" is a record of version 3; this medclip-sam reads versions up to 2/);
    expect(readFileSync(join(out, "run.json"), "utf8")).toBe(newer);
  });

  test("a record without a version is resumed", async () => {
    await run();
    const { recordVersion: _, ...older } = record();
    for (const image of older.images) delete image.made.segment.stamps;
    writeFileSync(join(out, "run.json"), JSON.stringify(older, null, 1));
    expect(end(await run())).toMatchObject({ done: 0, skipped: 3 });
    expect(record().recordVersion).toBe(2);
  });

  test("an invalid record is rejected with the name of the wrong field", async () => {
    mkdirSync(out);
    writeFileSync(join(out, "run.json"), JSON.stringify({ command: "finetune" }));
    await expect(run()).rejects.toThrow(`"${out}" holds results of the command "finetune". Choose another --out.`);
    writeFileSync(join(out, "run.json"), JSON.stringify({ command: "segment", settings: {}, versions: {}, weights: {} }));
    await expect(run()).rejects.toThrow(/run.json" is not a record that can be resumed \(notice: .*\). Move it away/);
    writeFileSync(join(out, "run.json"), "{");
    await expect(run()).rejects.toThrow(InputError);
  });

  test("other settings are rejected before anything is written, and with --overwrite replace the results", async () => {
    await run();
    const before = readFileSync(join(out, "run.json"), "utf8");
    await expect(run({ settings: { beta: 0.5 } })).rejects.toThrow(/results of other settings \(beta was 0.1, now it is 0.5\)/);
    expect(readFileSync(join(out, "run.json"), "utf8")).toBe(before);
    expect(readdirSync(out).sort()).toEqual(["masks", "run.json"]);
    expect(end(await run({ settings: { beta: 0.5 }, overwrite: true }))).toMatchObject({ done: 3 });
  });
});

describe("files that no run has made", () => {
  const foreign = (...path: string[]) => {
    mkdirSync(join(out, ...path.slice(0, -1)), { recursive: true });
    writeFileSync(join(out, ...path), "ground truth");
    return join(out, ...path);
  };

  test("are neither replaced nor mixed with results without --overwrite", async () => {
    const [truth, other] = [foreign("masks", "b.png"), foreign("masks", "sub", "x.tif")];
    foreign("masks", ".DS_Store");
    foreign("notes", "a.png");
    await expect(run()).rejects.toThrow(ConfigError);
    await expect(run()).rejects.toThrow(
      `"${truth}" already exists, and no record in "${out}" shows that a run made it. Choose another --out, or pass --overwrite`,
    );
    rmSync(truth);
    await expect(run()).rejects.toThrow(`"${other}" already exists`);
    expect(readdirSync(out).sort()).toEqual(["masks", "notes"]);
    expect(end(await run({ overwrite: true }))).toMatchObject({ done: 3 });
    expect(end(await run())).toMatchObject({ skipped: 3 });
  });

  test("include files of commands that the record does not list", async () => {
    await run();
    foreign("raw", "scan.dcm");
    expect(end(await run())).toMatchObject({ skipped: 3 });
    const refine = () => collect(runItems([], work, { out, header: { ...header(), command: "coarse" }, overwrite: false }));
    rmSync(join(out, "run.json"));
    foreign("coarse", "a.png");
    await expect(refine()).rejects.toThrow(/coarse.a\.png" already exists/);
  });
});

describe("results that cannot be written", () => {
  const full = () => writing(result("b"), () => Promise.reject(Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" })));

  test("end the run at once; later images are not tried and earlier results are kept", async () => {
    const tried: string[] = [];
    const process = async (item: Item) => {
      tried.push(item.name);
      return item.name === "b" ? await full() : await work(item);
    };
    await expect(run({ process })).rejects.toThrow(/b.png" cannot be written: the disk is full. Free some space/);
    expect(tried).toEqual(["a", "b"]);
    expect(record().failed).toEqual([]);
    expect(end(await run())).toMatchObject({ done: 2, skipped: 1 });
  });

  test("a single bad input does not end the run", async () => {
    const process = async (item: Item) => {
      if (item.name === "b") throw new InputError("damaged");
      return await work(item);
    };
    expect(end(await run({ process }))).toMatchObject({ done: 2, failed: 1 });
    expect(record().failed).toMatchObject([{ name: "b", message: "damaged", command: "segment" }]);
    expect(end(await run())).toMatchObject({ done: 1, skipped: 2, failed: 0 });
    expect(record().failed).toEqual([]);
  });

  test("a folder that disappears during the run ends it", async () => {
    const process = async (item: Item) => {
      const outcome = await work(item);
      if (item.name === "b") renameSync(out, `${out}-away`);
      return outcome;
    };
    const failing = run({ process });
    await expect(failing).rejects.toThrow(OutputError);
    await expect(failing).rejects.toThrow(/has disappeared, or was emptied/);
    expect(existsSync(join(out, "run.json"))).toBe(false);
    rmSync(out, { recursive: true, force: true });
    renameSync(`${out}-away`, out);
    expect(end(await run())).toMatchObject({ done: 2, skipped: 1 });
  });

  test("an empty result file, as a power failure leaves it, is computed again", async () => {
    await run();
    writeFileSync(result("b"), "");
    expect(end(await run())).toMatchObject({ done: 1, skipped: 2 });
  });
});

describe("two runs in one folder", () => {
  test("the second is rejected while the first is running, and works afterwards", async () => {
    const first = events();
    while ((await first.next()).value?.type !== "item");
    await expect(run()).rejects.toThrow(ConfigError);
    await expect(run()).rejects.toThrow(`process ${process.pid} is writing into "${out}"`);
    await first.return(undefined);
    expect(end(await run())).toMatchObject({ done: 2, skipped: 1 });
  });

  test("the lock of a process that has ended, or whose id was reused, is ignored", async () => {
    mkdirSync(out);
    writeFileSync(join(out, ".run.lock.0.0.tmp"), JSON.stringify({ pid: 0, host: hostname() }));
    // Linux provides the start time of a process.
    if (process.platform === "linux")
      writeFileSync(join(out, `.run.lock.0.${process.ppid}.tmp`), JSON.stringify({ pid: process.ppid, host: hostname(), start: "1" }));
    expect(end(await run())).toMatchObject({ done: 3 });
  });

  test("the lock of another machine is a warning, and its temporary files are kept", async () => {
    mkdirSync(out);
    writeFileSync(join(out, ".a.png.0.0.tmp"), "half");
    writeFileSync(join(out, ".run.lock.0.1.tmp"), JSON.stringify({ pid: 1, host: "elsewhere" }));
    expect((await run())[0]).toMatchObject({ type: "warning", message: expect.stringContaining('a run on "elsewhere" (process 1)') });
    expect(readdirSync(out).filter((name) => name.endsWith(".tmp"))).toEqual([".a.png.0.0.tmp", ".run.lock.0.1.tmp"]);
  });
});

describe("inputs of a resumed run", () => {
  test("are not read again while their size and times are the same", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 }); // recently changed files are always read again
    await run();
    const input = itemOf("a").file;
    const record = await RunRecord.open(out, header(), { overwrite: false });
    expect(await record.standing(itemOf("a"), { overwrite: false })).toBe("done");
    writeFileSync(input, readFileSync(input));
    expect(await record.standing(itemOf("a"), { overwrite: false })).toBe("unsure");
    await record.close();
    expect(end(await run())).toMatchObject({ done: 0, skipped: 3 }); // the content is the same
  });

  test("are read again when they changed a moment before they were hashed", async () => {
    await run();
    const record = await RunRecord.open(out, header(), { overwrite: false });
    writeFileSync(itemOf("a").file, "picture a");
    await record.close();
    await run({ overwrite: true });
    const again = await RunRecord.open(out, header(), { overwrite: false });
    expect(await again.standing(itemOf("a"), { overwrite: false })).toBe("unsure");
    await again.close();
  });

  test("that have changed are processed again; missing ones are reported as failures", async () => {
    await run();
    writeFileSync(itemOf("a").file, "another picture");
    rmSync(itemOf("b").file);
    const seen = await run();
    expect(end(seen)).toMatchObject({ done: 1, skipped: 1, failed: 1 });
    expect(seen.find(({ type }) => type === "failure")).toMatchObject({ name: "b", message: expect.stringMatching(/b" cannot be read/) });
    for (const name of names) writeFileSync(itemOf(name).file, `picture ${name}`);
  });

  test("are read one by one: an image is finished before the next input is opened", async () => {
    const process = async (item: Item) => {
      if (item.name === "a") appendFileSync(itemOf("b").file, ", changed meanwhile");
      return await work(item);
    };
    await run({ process });
    expect(end(await run())).toMatchObject({ done: 0, skipped: 3 });
    writeFileSync(itemOf("b").file, "picture b");
  });
});

test("an interrupted run writes its record", async () => {
  const stop = new AbortController();
  const process = async (item: Item) => {
    stop.abort();
    return await work(item);
  };
  await expect(run({ process, signal: stop.signal })).rejects.toThrow("cancelled");
  expect(record().images).toHaveLength(1);
  expect(readdirSync(out).sort()).toEqual(["masks", "run.json"]);
});

describe("what a run says about all its images", () => {
  const promptedRun = (sentence: string, items: readonly string[], options: { told?: ReadonlySet<string>; process?: typeof work } = {}) => {
    const prompt = [sentence];
    const prompted = items.map((name) => ({ ...itemOf(name), prompt }));
    const { process = work, told } = options;
    const prompts = new Set([promptKey({ prompt })]);
    return collect(runItems(prompted, process, { out, header: header(), overwrite: false, told, prompts }));
  };
  const warnings = (seen: readonly RunEvent[]) => seen.flatMap((event) => (event.type === "warning" ? event.message : []));

  test("images of the folder that were made with other text prompts are counted in a warning", async () => {
    expect(warnings(await promptedRun("the lungs", ["a", "b"]))).toEqual([]);
    expect(warnings(await promptedRun("the heart", ["c"]))).toEqual([
      `"${out}" also holds 2 images that were made with other text prompts (["the lungs"]). Choose another --out to keep them apart.`,
    ]);
    expect(warnings(await promptedRun("the lungs", ["b"]))).toEqual([
      expect.stringContaining('1 image that was made with other text prompts (["the heart"])'),
    ]);
    await expect(promptedRun("the heart", ["b"])).rejects.toThrow("was processed with the text prompt");
  });

  test("a warning that was given at the start is recorded for each image, but not repeated", async () => {
    const targets = { lung: { warnings: ["no such word"] } };
    const process = async (item: Item) => ({ ...(await work(item)), record: { targets }, warnings: ["is dark"] });
    const seen = await promptedRun("the lungs", ["a"], {
      told: new Set(["lung: no such word"]),
      process: process as unknown as typeof work,
    });
    expect(seen.find(({ type }) => type === "item")).toMatchObject({ warnings: ["is dark"] });
    expect(record().images[0]).toMatchObject({
      warnings: ["segment: is dark"],
      targets: { lung: { warnings: ["segment: no such word"] } },
    });
  });

  test("the end says how many masks are empty, if any", async () => {
    expect(end(await promptedRun("the lungs", ["a"]))).not.toHaveProperty("emptyMasks");
    const targets = { lung: { areaPx: 0, warnings: [] }, heart: { areaPx: 0, warnings: [] }, rib: { areaPx: 3, warnings: [] } };
    const process = async (item: Item) => ({ ...(await work(item)), record: item.name === "b" ? { areaPx: 0 } : { targets } });
    const seen = await promptedRun("the lungs", ["b", "c"], { process: process as unknown as typeof work });
    expect(end(seen)).toMatchObject({ done: 2, emptyMasks: 3 });
  });
});
