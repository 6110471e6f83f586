import { ConfigError } from "../../errors.ts";
import { carriedOn } from "../../results/dicom/carried-on.ts";
import { inOrigin } from "../../results/in-origin.ts";
import { dicomFormats } from "../../results/scan-formats.ts";
import { scanWriters } from "../../results/scan-writers.ts";
import type { RunEvent } from "../../run/events.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { KeptVolumes, resliced } from "../../scans/resliced.ts";
import { masksIn } from "./mask-folder.ts";
import { oneScan } from "./one-scan.ts";
import { readIntoMasks } from "./read-into-masks.ts";
import type { ConvertSettings } from "./settings.ts";

/**
 * `medclip-sam convert`: masks that exist become a DICOM object, a NIfTI file or a table of COCO about the images that they belong to; or such a
 * file becomes masks.
 *
 * @throws ConfigError when settings do not fit together, or the source has several groups and none is chosen
 * @throws InputError when masks or source cannot be read, or the format cannot hold them
 */
export async function* runConvert(settings: ConvertSettings, { signal }: StopOptions = {}): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const targets = settings.targets.flatMap((list) => list.split(",")).filter((name) => name !== "");
  if (settings.file !== undefined) {
    if (settings.masks !== undefined) throw new ConfigError("Name either a file to read into masks, or a folder of masks with --masks.");
    yield { type: "start", command: "convert", total: 1, done: 0, out: settings.out };
    const { files, warnings } = await readIntoMasks(settings.file, { ...settings, targets, signal });
    yield { type: "item", name: settings.file, ms: Math.round(performance.now() - start), warnings };
    yield {
      type: "end",
      done: 1,
      skipped: 0,
      failed: 0,
      ms: Math.round(performance.now() - start),
      lines: [settings.out, `${files} masks`],
    };
    return;
  }
  const { masks, source, format } = given(settings);
  const acquired = await oneScan(source, { ...settings, group: settings.group, signal });
  const scan = resliced(acquired, settings.axis, new KeptVolumes());
  const result = await masksIn(masks, scan, { targets, fractional: settings.fractional });
  yield { type: "start", command: "convert", total: 1, done: 0, out: settings.out };
  const copiesAttributes = dicomFormats.includes(format);
  for (const message of carriedOn(acquired, { strip: settings.strip, copiesAttributes })) yield { type: "warning", message };
  const writing = scanWriters[format].open(settings, result.targets);
  const own = await writing.add(inOrigin(result));
  const shared = await writing.finish();
  const warnings = [...scan.warnings, ...result.warnings, ...own.messages, ...shared.messages];
  const ms = Math.round(performance.now() - start);
  yield { type: "item", name: scan.name, ms, warnings };
  const files = [...own.files, ...shared.files];
  yield { type: "end", done: 1, skipped: 0, failed: 0, ms, lines: files.length > 4 ? [`${files.length} files in ${settings.out}`] : files };
}

/** What converting masks needs. @throws ConfigError that names what is missing */
function given({ masks, source, format }: ConvertSettings) {
  if (masks === undefined) throw new ConfigError("Name a file to read into masks, or a folder of masks with --masks.");
  if (source === undefined) throw new ConfigError("--masks needs the images that they belong to. Name them with --source.");
  if (format === undefined) throw new ConfigError(`--masks needs --format, one of ${Object.keys(scanWriters).join(", ")}.`);
  return { masks, source, format };
}
