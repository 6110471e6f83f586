import { existsSync } from "node:fs";
import { join } from "node:path";
import { modelFolder } from "../../train/index.ts";

/** The model folder that is meant: the folder itself if it is one, otherwise that of a training, or of a whole run, with this output folder. */
export function modelIn(folder: string): string {
  const places = [folder, modelFolder(folder), modelFolder(join(folder, "training"))];
  return places.find((place) => existsSync(join(place, "plans.json"))) ?? folder;
}
