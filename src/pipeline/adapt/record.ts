import { join, resolve, sep } from "node:path";
import { z } from "zod";
import { ConfigError } from "../../errors.ts";
import { remove } from "../../files/atomic-write.ts";
import { notice, type RecordKind, RunFolder, recordText } from "../../run/record/folder.ts";
import { type RunHeader, versions } from "../../run/record/record.ts";
import { differenceOf, fingerprintOf, otherResults } from "../../run/record/resume.ts";
import { headerShape, list } from "../../run/record/schema.ts";
import { PackScores } from "./measure.ts";

/** The stages of an adaptation, in their order. */
export const stages = ["before", "clip", "sam", "after"] as const;
export type Stage = (typeof stages)[number];

const StageLine = z.object({ stage: z.enum(stages), seconds: z.number(), scores: PackScores.optional() });
/** A finished stage: how long it took, and what a measurement found. */
export type StageLine = z.infer<typeof StageLine>;

const AdaptFile = z.object({
  ...headerShape,
  notice: z.string(),
  recordVersion: z.int().optional(),
  /** Names of the images. */
  images: z.object({ train: list(z.string()), heldOut: list(z.string()) }),
  stages: list(StageLine),
});
export type AdaptFile = z.infer<typeof AdaptFile>;

const adaptRecord: RecordKind<AdaptFile, StageLine> = {
  file: "adapt.json",
  commands: ["adapt"],
  version: 1,
  schema: AdaptFile,
  line: StageLine,
  identity: fingerprintOf,
};

/** What the command says about its work when it starts. */
export type AdaptContent = Omit<AdaptFile, "versions" | "notice" | "recordVersion" | "stages">;

/** Folder of the tables, masks and trainings, in the output folder. */
export const workFolder = "work";

/** Files and folders of an adapted pack. */
const outputs = ["pack.json", "clip", "sam", "README.md", workFolder];

/** `adapt.json`: the stages that are done, with what was measured. */
export class AdaptRecord {
  private readonly folder: RunFolder<AdaptFile, StageLine>;
  private readonly head: Omit<AdaptFile, "stages">;
  private readonly done: Map<Stage, StageLine>;

  private constructor(folder: RunFolder<AdaptFile, StageLine>, head: Omit<AdaptFile, "stages">, done: readonly StageLine[]) {
    this.folder = folder;
    this.head = head;
    this.done = new Map(done.map((line) => [line.stage, line]));
  }

  /**
   * Opens the record of a folder, or starts one, and writes it. Call `close` when done.
   *
   * @param options.overwrite - remove an adapted pack of other settings
   * @throws ConfigError when the folder holds a pack that was adapted with other settings, images or models, or files that no run made; or
   *   when another run writes into it
   */
  static async open(out: string, content: AdaptContent, { overwrite }: { readonly overwrite: boolean }): Promise<AdaptRecord> {
    refuseOwnInputs(out, content);
    const head = { notice, recordVersion: adaptRecord.version, ...content, versions: await versions() };
    return await RunFolder.openAs(out, adaptRecord, async (folder, found) => {
      if (!found && !overwrite) await folder.refuseStrangers(outputs);
      const difference = found && differenceOf(found.record, head);
      if (difference !== undefined && !overwrite) throw otherResults(out, "a pack that was adapted with other settings", difference);
      if (overwrite) await remove(outputs.map((name) => join(out, name)));
      const record = new AdaptRecord(folder, head, overwrite || !found ? [] : [...found.record.stages, ...found.lines]);
      await folder.begin({ ...head, stages: [] }, () => record.text());
      return record;
    });
  }

  /** Warnings about the folder. */
  get warnings(): readonly string[] {
    return this.folder.warnings;
  }

  /** The line of a stage; undefined if it is not done. */
  lineOf(stage: Stage): StageLine | undefined {
    return this.done.get(stage);
  }

  async finishStage(line: StageLine): Promise<void> {
    this.done.set(line.stage, line);
    await this.folder.append(line);
  }

  /** Writes the record for the last time. */
  async finish(): Promise<void> {
    await this.folder.finish();
  }

  /** Unlocks the folder, however the run ended. */
  async close(): Promise<void> {
    await this.folder.close();
  }

  private text(): Iterable<string> {
    const lines = stages.flatMap((stage) => this.done.get(stage) ?? []);
    return recordText(this.head, { stages: lines.map((line) => JSON.stringify(line)) });
  }
}

/** The output folder must not be that of the pack from which the adaptation starts. @throws ConfigError */
function refuseOwnInputs(out: string, { weights }: Pick<RunHeader, "weights">): void {
  for (const { file } of Object.values(weights)) {
    if (!resolve(file).startsWith(resolve(out) + sep)) continue;
    throw new ConfigError(
      `"${file}" is a file of the pack to adapt and lies in --out "${out}", which is for the adapted pack. Choose another --out.`,
    );
  }
}
