import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, InputError, throwIfCancelled } from "../../errors.ts";
import { remove, writeAtomically, writeFully } from "../../files/atomic-write.ts";
import { npyHeader } from "../../results/npy.ts";
import { writeGray, writeRgb } from "../../results/png.ts";
import type { Scan } from "../../scans/scan.ts";
import type { DisplayedImage, Frame } from "../../scans/sources/image-source.ts";
import type { Shown } from "./group-record.ts";
import type { InspectSettings } from "./settings.ts";

type Outputs = Pick<InspectSettings, "png" | "values">;

/** The picture of a frame, by its number from 0. */
export function pngFile(folder: string, { name }: Pick<Scan, "name">, index: number): string {
  return join(folder, name, `${String(index + 1).padStart(4, "0")}.png`);
}

/** The values of a scan. */
export function valuesFile(folder: string, { name }: Pick<Scan, "name">): string {
  return join(folder, `${name}.npy`);
}

/** Pictures that `inspect` has written, or could have. */
const numbered = /^\d{4,}\.png$/;

/** @throws ConfigError when the folder of a scan holds pictures of more frames, which would seem to belong to it */
export async function refuseStalePictures(folder: string, scan: Scan): Promise<void> {
  const entries = await readdir(join(folder, scan.name)).catch(() => []);
  const stale = entries.find((entry) => numbered.test(entry) && Number.parseInt(entry, 10) > scan.frames.length);
  if (stale === undefined) return;
  throw new ConfigError(
    `--png: "${join(folder, scan.name)}" holds "${stale}" of another scan; this one has ${scan.frames.length} frames. Empty it or choose another folder.`,
  );
}

/**
 * Shows a scan: its first frame, or all where there is something to write. Pictures and values are written in one pass, frame by frame.
 *
 * @throws InputError when a frame cannot be read; what was written of the scan is removed
 */
export async function writeScan(scan: Scan, { png, values }: Outputs, signal: AbortSignal | undefined): Promise<Shown> {
  const shown = new ShownFrames();
  const each = async (index: number, more?: (frame: Frame, displayed: DisplayedImage) => Promise<void>) => {
    throwIfCancelled(signal);
    const frame = await scan.read(index, { isOnlyShown: values === undefined });
    const displayed = await frame.display({ mode: "paper" });
    shown.add(frame, displayed);
    if (png !== undefined) await writePicture(pngFile(png, scan, index), frame, displayed);
    await more?.(frame, displayed);
  };
  try {
    if (values !== undefined) await writeValues(valuesFile(values, scan), scan, each);
    else for (let index = 0; index < (png === undefined ? 1 : scan.frames.length); index++) await each(index);
  } catch (error) {
    if (png !== undefined) await remove(scan.frames.map((_, index) => pngFile(png, scan, index)));
    throw error;
  }
  return shown;
}

/** Rules for images without a window of their own. Their warnings repeat what the record says. */
const ownRules: readonly (string | undefined)[] = ["default CT", "full", "percentiles"];

/** The window of the first frame, and the warnings of all. */
class ShownFrames implements Shown {
  private first: DisplayedImage | undefined;
  private readonly found = new Set<string>();

  add({ warnings }: Frame, displayed: DisplayedImage): void {
    this.first ??= { ...displayed, image: { width: 0, height: 0, data: new Uint8Array() } };
    const ofDisplay = ownRules.includes(displayed.window?.kind) ? [] : displayed.warnings;
    for (const warning of [...warnings, ...ofDisplay]) this.found.add(warning);
  }

  get window(): Shown["window"] {
    return this.first?.window;
  }

  get isInverted(): boolean {
    return this.first?.isInverted ?? false;
  }

  get warnings(): readonly string[] {
    return [...this.found];
  }
}

async function writePicture(file: string, { pixels }: Frame, { image }: DisplayedImage): Promise<void> {
  if (pixels.space !== "gray") return await writeRgb(file, image);
  const { width, height, data } = image;
  await writeGray(file, { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]!) });
}

type Each = (index: number, more: (frame: Frame, displayed: DisplayedImage) => Promise<void>) => Promise<void>;

/** float32 [frames, rows, columns], of colours [frames, rows, columns, 3]. */
async function writeValues(file: string, scan: Scan, each: Each): Promise<void> {
  await writeAtomically(file, async (handle) => {
    let channels: number | undefined;
    for (let index = 0; index < scan.frames.length; index++) {
      await each(index, async (frame, displayed) => {
        const own = frame.pixels.space === "gray" ? 1 : 3;
        const { rows, columns } = scan;
        if (channels === undefined) {
          const shape = [scan.frames.length, rows, columns, ...(own === 3 ? [3] : [])];
          await writeFully(handle, npyHeader("float32", shape));
        }
        channels ??= own;
        if (own !== channels || frame.pixels.width !== columns || frame.pixels.height !== rows) {
          throw new InputError(
            `"${scan.frames[index]!.file}": frame ${index + 1} has ${frame.pixels.width} x ${frame.pixels.height} pixels of ${own} channels, the first ${columns} x ${rows} of ${channels}, so --values cannot hold both in one array.`,
          );
        }
        await writeFully(handle, valuesOf(frame, displayed));
      });
    }
  });
}

/** Gray values as they are, colours as red, green and blue; alpha is left out. */
function valuesOf({ pixels }: Frame, { image }: DisplayedImage): Float32Array {
  const { data, stride, space, width, height } = pixels;
  if (space === "cmyk") return Float32Array.from(image.data);
  const channels = space === "gray" ? 1 : 3;
  const values = new Float32Array(width * height * channels);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < channels; c++) values[i * channels + c] = data[i * stride + c]!;
  return values;
}
