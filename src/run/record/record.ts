import { basename, dirname, relative } from "node:path";
import { ConfigError } from "../../errors.ts";
import { runtimeVersion } from "../../runtime/node.ts";
import { folderOf } from "../../targets/target.ts";
import { version } from "../../version.ts";
import { entriesOf, isWritten, stampsOf } from "../input-files.ts";
import { notice, RunFolder, readRecord, recordText } from "./folder.ts";
import { differenceOf, otherResults } from "./resume.ts";
import {
  type FailureRecord,
  type ImageRecord,
  imagesRecord,
  type RunFile,
  type RunHeader,
  type RunLine,
  type TargetRecord,
  targetShape,
  type Work,
} from "./schema.ts";

export type { FailureRecord, ImageRecord, RunHeader, TargetRecord, WeightsRecord, Work } from "./schema.ts";

/** Images that each command writes: two commands that write the same ones cannot share a folder. */
const pictures: Readonly<Record<string, readonly string[]>> = {
  segment: ["saliency", "coarse", "slices", "masks", "probabilities", "overlay"],
  saliency: ["saliency"],
  coarse: ["coarse"],
  refine: ["masks", "overlay"],
  everything: ["regions", "labels", "overlay"],
  "weak pseudo-label": ["masks", "labels"],
  "weak predict": ["label maps"], // in the output folder itself
  "weak uncertainty": ["label maps", "entropy", "mutual-information"],
};

/** Sub-folders that a run writes: those of its pictures, of several targets one each, and further ones that have a file for each target. */
function foldersOf({ command, targets = [] }: Pick<RunHeader, "command" | "targets">, further: readonly string[]): string[] {
  const folders = [...(pictures[command] ?? []), ...further];
  if (targets.length < 2) return folders;
  const each = folders.flatMap((folder) => (folder === "overlay" ? [] : targets.map((target) => folderOf(folder, target, targets))));
  return [...each, ...(folders.includes("masks") ? ["overlay", "labels"] : [])];
}

/** Whether a command writes images of this kind. */
export function writes(command: string, kind: string): boolean {
  return pictures[command]?.includes(kind) ?? false;
}

/** What a run has to do for an image. */
export interface Wanted {
  readonly name: string;
  /** Files on whose content the result depends. */
  readonly inputs: readonly string[];
  readonly prompt?: readonly string[] | undefined;
  /** Text prompts of each named target. */
  readonly targets?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Files that exist when the image is finished. */
  readonly outputs: readonly string[];
}

interface OpenOptions {
  readonly overwrite: boolean;
  readonly outputs?: readonly string[];
}

/** `run.json`: what was computed with which settings, so that a run can be repeated, resumed and audited. */
export class RunRecord {
  private readonly folder: RunFolder<RunFile, RunLine>;
  private readonly header: RunHeader;
  private readonly earlier: readonly RunHeader[];
  /** JSON text by name: a run over many images needs little more memory than the size of the file. */
  private readonly images = new Map<string, string>();
  private readonly failed = new Map<string, FailureRecord>();

  private constructor(folder: RunFolder<RunFile, RunLine>, header: RunHeader, earlier: readonly RunHeader[]) {
    this.folder = folder;
    this.header = header;
    this.earlier = earlier;
  }

  /**
   * Opens the record of a folder, or starts one. Nothing is written before `begin`.
   *
   * @param options.overwrite - discard results of other settings
   * @param options.outputs - files that the run will write; of those in the folder itself, such as label maps, none may be there already unless a
   *   run made it
   * @throws ConfigError when the folder holds results of other settings, or files that no run made, and `overwrite` is not set; or when
   *   another run writes into it
   */
  static async open(out: string, header: Omit<RunHeader, "versions">, options: OpenOptions): Promise<RunRecord> {
    return await RunFolder.openAs(out, imagesRecord, async (folder, found) => {
      const own: RunHeader = { ...header, versions: await versions() };
      const { earlier = [], images = [], failed = [], notice: _, recordVersion: __, ...latest } = found?.record ?? {};
      const headers = found ? [latest as RunHeader, ...earlier] : [];
      const rivals = headers.filter(
        ({ command }) => command === own.command || pictures[command]?.some((folder) => pictures[own.command]?.includes(folder)),
      );
      const replaced = rivals.filter((rival) => {
        const difference = rival.command === own.command ? differenceOf(rival, own) : `the command was "${rival.command}"`;
        if (difference !== undefined && !options.overwrite) throw otherResults(out, "results of other settings", difference);
        return difference !== undefined;
      });
      if (!options.overwrite) {
        const known = new Set(headers.flatMap((one) => foldersOf(one, ["raw"])));
        await folder.refuseStrangers(foldersOf(header, header.settings.raw ? ["raw"] : []).filter((name) => !known.has(name)));
        // Files in the folder itself may be of any run that writes such files there.
        const inFolder = (file: string) => relative(out, dirname(file)) === "";
        if (rivals.length === 0) await folder.refuseStrangers((options.outputs ?? []).filter(inFolder).map((file) => basename(file)));
      }
      const others = headers.filter((one) => !rivals.includes(one));
      const record = new RunRecord(folder, own, others);
      for (const image of images) record.add({ image });
      for (const failure of failed) record.add({ failed: failure });
      for (const line of found?.lines ?? []) record.add(line);
      for (const { command } of replaced) record.forget(command);
      for (const [name, failure] of record.failed) if (failure.command === own.command) record.failed.delete(name);
      return record;
    });
  }

  /** Warnings about the folder. */
  get warnings(): readonly string[] {
    return this.folder.warnings;
  }

  /**
   * Whether an image needs no work: this command has processed it, from the same inputs, and its files exist. `unsure` when only the
   * content of the inputs can decide, see `isSame`.
   *
   * @throws ConfigError when it was processed with another text prompt
   */
  async standing(
    { name, inputs, prompt, targets, outputs }: Wanted,
    { overwrite }: { readonly overwrite: boolean },
  ): Promise<"todo" | "done" | "unsure"> {
    const made = this.made(name);
    if (!made) return "todo";
    const [was, is] = [promptKey(made), promptKey({ targets, prompt })];
    if (was !== is) {
      if (overwrite) return "todo";
      throw new ConfigError(
        `"${name}" was processed with the text prompt ${was}, now it is ${is}. Choose another --out, or pass --overwrite to replace it.`,
      );
    }
    if (made.inputs.length !== entriesOf(inputs) || !(await Promise.all(outputs.map(isWritten))).every(Boolean)) return "todo";
    const stamps = await stampsOf(inputs);
    return stamps.every((stamp, i) => stamp !== undefined && stamp === made.stamps?.[i]) ? "done" : "unsure";
  }

  /**
   * The images of this command with text prompts that the run does not have.
   *
   * @param names - images of the run, which are not counted
   */
  withOtherPrompts(names: ReadonlySet<string>, prompts: ReadonlySet<string>): { readonly count: number; readonly example: string } {
    const others = [...this.images.keys()].flatMap((name) => {
      const made = names.has(name) ? undefined : this.made(name);
      return made === undefined || prompts.has(promptKey(made)) ? [] : promptKey(made);
    });
    return { count: others.length, example: others[0] ?? "" };
  }

  /**
   * Images whose results, by other settings, were discarded, but whose files stay as this run does not make them again.
   *
   * @param names - images of the run, which are not counted
   */
  discarded(names: ReadonlySet<string>): string[] {
    return [...this.images.keys()].filter((name) => !names.has(name) && Object.keys(this.image(name)!.made).length === 0);
  }

  /** Whether the results of an image were made from inputs with the same content. */
  isSame(name: string, { inputs }: Work): boolean {
    return JSON.stringify(this.made(name)?.inputs) === JSON.stringify(inputs);
  }

  /** Writes the header of this run; from now on all results are recorded, even if the run is killed. */
  async begin(): Promise<void> {
    const head = {
      notice,
      recordVersion: imagesRecord.version,
      ...this.header,
      earlier: this.earlier,
    };
    await this.folder.begin({ ...head, images: [], failed: [] }, () =>
      recordText(head, { images: this.images.values(), failed: [...this.failed.values()].map((failure) => JSON.stringify(failure)) }),
    );
  }

  /** Adds the results of this command for an image. */
  async put(image: Omit<ImageRecord, "made" | "warnings">, work: Work, warnings: readonly string[]): Promise<void> {
    const { command } = this.header;
    const before = this.image(image.name);
    const kept = before && without(before, command);
    const line: RunLine = {
      image: {
        ...joined(kept, image, command),
        warnings: [...(kept?.warnings ?? []), ...warnings.map((warning) => `${command}: ${warning}`)],
        ...((kept?.ms || image.ms) && { ms: { ...kept?.ms, ...image.ms } }),
        made: { ...kept?.made, [command]: work },
      },
    };
    this.add(line);
    await this.folder.append(line);
  }

  /** Records an input that failed. */
  async fail(failure: Omit<FailureRecord, "command">): Promise<void> {
    const line: RunLine = { failed: { ...failure, command: this.header.command } };
    this.add(line);
    await this.folder.append(line);
  }

  /** @throws OutputError when the folder has disappeared */
  async check(): Promise<void> {
    await this.folder.check();
  }

  /** Writes the complete record at the end of a run. */
  async finish(): Promise<void> {
    await this.folder.finish();
  }

  /** Unlocks the folder, however the run ended. */
  async close(): Promise<void> {
    await this.folder.close();
  }

  private add(line: RunLine): void {
    if ("failed" in line) {
      this.failed.set(line.failed.name, line.failed);
    } else {
      this.images.set(line.image.name, JSON.stringify(line.image));
      this.failed.delete(line.image.name);
    }
  }

  private image(name: string): ImageRecord | undefined {
    const text = this.images.get(name);
    return text === undefined ? undefined : (JSON.parse(text) as ImageRecord);
  }

  private made(name: string): Work | undefined {
    return this.image(name)?.made[this.header.command];
  }

  private forget(command: string): void {
    for (const [name, text] of this.images) this.images.set(name, JSON.stringify(without(JSON.parse(text) as ImageRecord, command)));
  }
}

/** Text prompts of an image as text; equal for equal ones. */
export const promptKey = ({ targets, prompt }: Pick<Work, "targets" | "prompt">): string => JSON.stringify(targets ?? prompt) ?? "";

/** Versions of the software. */
export async function versions(): Promise<Readonly<Record<string, string>>> {
  return { "medclip-sam": version, node: process.versions.node, onnxruntime: await runtimeVersion() };
}

/** What the runs that have written, or are writing, into a folder have recorded. */
export interface RecordedRuns {
  /** Latest first. */
  readonly headers: readonly RunHeader[];
  /** By name. */
  readonly images: ReadonlyMap<string, ImageRecord>;
}

/** The runs of a folder, which another command may be writing; none if there is no `run.json`. */
export async function readRuns(folder: string): Promise<RecordedRuns> {
  const found = await readRecord(folder, imagesRecord);
  if (!found) return { headers: [], images: new Map() };
  const { record, lines } = found;
  const added = lines.flatMap((line) => ("image" in line ? [line.image] : []));
  return { headers: [record, ...record.earlier], images: new Map([...record.images, ...added].map((image) => [image.name, image])) };
}

function without(record: ImageRecord, command: string): ImageRecord {
  const { [command]: _, ...made } = record.made;
  const others = (warnings: readonly string[]) => warnings.filter((warning) => !warning.startsWith(`${command}: `));
  const targets = Object.entries(record.targets ?? {}).map(([name, target]) => [name, { ...target, warnings: others(target.warnings) }]);
  return { ...record, ...(record.targets && { targets: Object.fromEntries(targets) }), made, warnings: others(record.warnings) };
}

type Found = Omit<ImageRecord, "made" | "warnings">;

/** Merges the results of a command with those of earlier steps, target by target. Results for other targets belong to another run and are dropped. */
function joined(before: ImageRecord | undefined, found: Found, command: string): Found {
  const { targets: earlier = {}, ...rest } = before ?? {};
  if (!found.targets) return { ...rest, ...found };
  const targets = Object.entries(found.targets).map(([name, target]): [string, TargetRecord] => {
    const known = Object.hasOwn(earlier, name) ? earlier[name] : undefined;
    return [name, { ...known, ...target, warnings: [...(known?.warnings ?? []), ...target.warnings.map((said) => `${command}: ${said}`)] }];
  });
  const shared = Object.entries(rest).filter(([field]) => !Object.hasOwn(targetShape, field));
  return { ...Object.fromEntries(shared), ...found, targets: Object.fromEntries(targets) };
}
