import { existsSync } from "node:fs";
import { join } from "node:path";
import { modelFolder } from "../../train/index.ts";

/** The model folder that is meant: the folder itself if it is one, otherwise that of a training with this output folder. */
export const modelIn = (folder: string): string => (existsSync(join(folder, "plans.json")) ? folder : modelFolder(folder));
