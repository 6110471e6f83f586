import { basename, join } from "node:path";
import { throwIfCancelled } from "../../errors.ts";
import { writeMask } from "../../results/png.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import { thenDispose } from "../../then-dispose.ts";
import { loadClip } from "../models/model.ts";
import { defaultsOf } from "../models/pack-settings.ts";
import { SegmentSettings } from "../zero-shot/settings/commands.ts";
import { coarseStep } from "../zero-shot/steps/coarse-step.ts";
import { SaliencyStep } from "../zero-shot/steps/saliency-step.ts";
import type { Adaptation } from "./plan.ts";

/** Coarse masks of the training images, made as the pipeline makes them. @returns their files relative to the folder of work, by the names of the images */
export async function writeCoarse(
  { settings, pack, images, session, signal }: Adaptation,
  clip: string,
  work: string,
): Promise<ReadonlyMap<string, string>> {
  const { prompt, out } = settings;
  const method = SegmentSettings.parse({ ...defaultsOf(pack), inputs: [settings.data], prompt, out });
  const files = new Map<string, string>();
  const text = await loadClip(clip, undefined, session);
  const step = new SaliencyStep(text, method);
  return await thenDispose(
    async () => {
      for (const { name, file, mask, isShown } of images.train) {
        if (!isShown) continue;
        throwIfCancelled(signal);
        const { image } = await decodeImage(file, { mode: method.mode });
        const [map] = await step.run(image, basename(file), [prompt], {});
        const { coarse } = coarseStep(map!.gray, image, map!.window, method);
        if (!coarse.data.includes(1)) continue;
        files.set(name, mask.replace(/^masks/, "coarse"));
        await writeMask(join(work, files.get(name)!), coarse);
      }
      return files;
    },
    step,
    text.clip,
  );
}
