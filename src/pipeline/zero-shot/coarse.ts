import { type CoarseMethod, coarseMethods } from "../../coarse/index.ts";
import { ConfigError, InputError } from "../../errors.ts";
import { areaPx, type Box, type GrayImage, type Image } from "../../image/index.ts";
import { requireWritableNames, targetFile } from "../../results/layout.ts";
import { writeMask } from "../../results/png.ts";
import type { RunEvent } from "../../run/events.ts";
import { findInputs } from "../../run/inputs.ts";
import { type Outcome, runItems } from "../../run/items.ts";
import type { ImageRecord } from "../../run/record/record.ts";
import { effectiveSettings } from "../../run/settings/effect.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { decodeInput } from "../../scans/decode-image.ts";
import { filesOfInput } from "../../scans/inputs-of-scans.ts";
import { type LeftOut, leftOutRecord } from "../../scans/left-out.ts";
import { sideOf } from "../../scans/list-images.ts";
import { joinByName, lonelyMessage } from "../../scans/names.ts";
import { readSaliency } from "../../scans/read-gray.ts";
import type { Target } from "../../targets/target.ts";
import { joinedNotices } from "../models/notices.ts";
import { resultFolder, type StepResults } from "../models/result-folder.ts";
import { modePresets, viewOf } from "../settings.ts";
import { type FoundTarget, isAbsentIn, outcomeOf, promptOf, type TargetItem, targetsOf } from "./images/items.ts";
import { CoarseRunSettings } from "./settings/commands.ts";
import { coarseStep } from "./steps/coarse-step.ts";

/** The second step over files: saliency maps to coarse masks. */
export async function* runCoarse(settings: CoarseRunSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const { out, inputs } = settings;
  if (inputs.length !== 1) throw new ConfigError(`coarse reads one folder of saliency maps, got ${inputs.length}`);
  const method: CoarseMethod = coarseMethods[settings.coarseMethod];
  if (method.needsImage && !settings.images)
    throw new ConfigError(
      `--coarse-method ${settings.coarseMethod} looks at the images, too: pass --images PATH, the images or the folder of which the maps were made`,
    );
  const { all, folders, maker, records } = await resultFolder(inputs[0]!, "saliency");
  const { items: maps, count, leftOut, warnings } = await mapsOf(folders, all, out);
  const images = method.needsImage ? await imagesOf(maps, settings) : undefined;
  const items = maps.map((item) => ({ ...item, inputs: [...item.inputs, ...(images?.filesOf(item) ?? [])] }));
  const notices = joinedNotices([], maker);
  for (const message of [...(notices.notices ?? []), ...warnings, ...(images?.warnings ?? [])]) yield { type: "warning", message };
  if (settings.dryRun) {
    yield {
      type: "end",
      done: 0,
      skipped: 0,
      failed: 0,
      ms: 0,
      lines: [`${count} saliency maps would be segmented; this takes ${method.needsImage ? "about a second" : "milliseconds"} each.`],
    };
    return;
  }
  const effective = effectiveSettings(CoarseRunSettings, settings);
  const about = { command: "coarse", settings: effective, weights: {}, ...targetsOf(all), ...notices, leftOut };
  const placed = modePresets[settings.mode].placement === "window";
  const unknown = items.filter(({ name }) => !records.get(name)?.window).length;
  if (placed && unknown > 0) {
    yield {
      type: "warning",
      message: `${unknown} of ${items.length} maps have no run.json that records which part of the image the model saw: they are assumed to cover the whole image`,
    };
  }
  const process = async (item: MapItem): Promise<Outcome> => {
    const { name, lookFor, inputs } = item;
    const found: FoundTarget[] = [];
    let size = {};
    const image = await images?.read(item);
    for (const [i, target] of lookFor.entries()) {
      const map = await readSaliency(inputs[i]!);
      const window = windowOf(records.get(name));
      if (placed && image) requireSameSize(map, inputs[i]!, image);
      const { coarse, level, warnings } = coarseStep(map, image?.image, window, settings);
      size = { width: coarse.width, height: coarse.height };
      await writeMask(targetFile("coarse", target, { out, name, all }), coarse);
      const coarseAreaPx = areaPx(coarse);
      const prompt = promptOf(records.get(name), target);
      const record = {
        ...(prompt && { prompt }),
        absent: isAbsentIn(records.get(name), target) || undefined,
        ...(level !== undefined && { level }),
        coarseAreaPx,
      };
      found.push({ target, record, warnings, summary: `${coarseAreaPx} px` });
    }
    const { record, warnings, ...told } = outcomeOf(found);
    return { record: { ...size, ...record }, warnings: [...(image?.warnings ?? []), ...(warnings ?? [])], ...told };
  };
  yield* runItems(items, process, { out, header: about, overwrite: settings.overwrite, signal });
}

/** An image by the maps of its targets. */
type MapItem = Omit<TargetItem, "image">;

/** The maps of all targets, one item per image. @throws InputError when a folder contains none */
async function mapsOf(folders: StepResults["folders"], all: readonly Target[], out: string) {
  const items = new Map<string, MapItem>();
  const leftOut: LeftOut[] = [];
  const warnings: string[] = [];
  let count = 0;
  for (const { target, pictures } of folders) {
    const found = await findInputs([pictures], out, { withMasks: true });
    requireWritableNames(found.inputs, false);
    count += found.inputs.length;
    warnings.push(...found.warnings);
    for (const file of found.leftOut) leftOut.push(file);
    for (const { name, file } of found.inputs) {
      const { lookFor = [], inputs = [], outputs = [] } = items.get(name) ?? {};
      items.set(name, {
        name,
        file,
        lookFor: [...lookFor, target],
        inputs: [...inputs, file],
        outputs: [...outputs, targetFile("coarse", target, { out, name, all })],
      });
    }
  }
  return { items: [...items.values()], count, leftOut: leftOutRecord(leftOut), warnings };
}

/** An image of a map, with warnings about how it was read. */
interface ReadImage {
  readonly file: string;
  readonly image: Image;
  readonly warnings: readonly string[];
}

/** The images of maps, matched by name. @throws ConfigError when a name is ambiguous */
async function imagesOf(maps: readonly MapItem[], settings: CoarseRunSettings) {
  const found = await findInputs(settings.images!, settings.out, { frames: settings });
  const [images, named] = [sideOf(found.inputs, "image"), { items: maps, namesOf: ({ name }: MapItem) => [name], noun: "saliency map" }];
  const { leftOf, lonelyLeft } = joinByName(images, named, { bare: "either" });
  const lonely = lonelyMessage(lonelyLeft, images, named);
  const ofMap = new Map([...leftOf].map(([{ name }, image]) => [name, image]));
  return {
    warnings: [...found.warnings, ...(lonely === undefined ? [] : [lonely])].map((message) => `--images: ${message}`),
    filesOf: ({ name }: MapItem): string[] => {
      const image = ofMap.get(name);
      return image ? filesOfInput(image) : [];
    },
    read: async ({ name, file }: MapItem): Promise<ReadImage> => {
      const input = ofMap.get(name);
      if (!input) throw new InputError(`"${file}" has no image with its name in --images`);
      const { image, warnings } = await decodeInput(input, viewOf(settings));
      return { file: input.file, image, warnings: warnings.map((message) => `image: ${message}`) };
    },
  };
}

/** In reference mode, a map of another size is resized; in paper mode, maps have the size of their images. */
function requireSameSize(map: GrayImage, mapFile: string, { file, image }: ReadImage): void {
  if (map.width === image.width && map.height === image.height) return;
  throw new InputError(
    `"${mapFile}" is ${map.width} x ${map.height} and its image "${file}" ${image.width} x ${image.height}; expected one size. Is it the image of this map? With --mode reference the map is resized.`,
  );
}

function windowOf(record: ImageRecord | undefined): Box | undefined {
  if (!record?.window) return undefined;
  const [x0, y0, x1, y1] = record.window as [number, number, number, number];
  return { x0, y0, x1, y1 };
}
