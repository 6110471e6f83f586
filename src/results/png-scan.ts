import { join } from "node:path";
import { folderOf } from "../targets/target.ts";
import { writeMask } from "./png.ts";
import type { ScanWriter } from "./scan-writer.ts";

/** Name of a frame's files: its number in its scan, from 1. */
export const frameName = (frame: number): string => String(frame + 1).padStart(4, "0");

/** Writes a picture of 0 and 255 for each frame: `masks/0001.png`, of several targets `masks_TARGET/0001.png`. */
export const pngWriter: ScanWriter = {
  open({ out }, all) {
    return {
      async add({ scan, targets, maskOf }) {
        const files: string[] = [];
        for (const target of targets) {
          for (let frame = 0; frame < scan.frames.length; frame++) {
            const file = join(out, folderOf("masks", target, all), `${frameName(frame)}.png`);
            const [width, height] = [scan.columns, scan.rows];
            await writeMask(file, (await maskOf(target, frame)) ?? { width, height, data: new Uint8Array(width * height) });
            files.push(file);
          }
        }
        return { files, messages: [] };
      },
      finish: async () => ({ files: [], messages: [] }),
    };
  },
};
