import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic-write.ts";
import { readJson } from "../../files/read-json.ts";

const DemoResult = z.strictObject({
  name: z.string(),
  title: z.string(),
  prompt: z.string(),
  /** Below the folder. */
  image: z.string(),
  credit: z.string().optional(),
  /** Areas of ground truth and mask in pixels. A truth of 0: the scan does not show what the prompt asks for. */
  truthAreaPx: z.number(),
  /** Null if the scan could not be segmented; so is `dsc`. */
  areaPx: z.number().nullable(),
  /** In [0, 1]; 1 if truth and mask are empty. */
  dsc: z.number().nullable(),
});
/** What the demo found in a scan. */
export type DemoResult = z.infer<typeof DemoResult>;

const DemoFile = z.strictObject({
  notice: z.string(),
  /** Notices about the models. */
  notices: z.array(z.string()),
  pack: z.string(),
  /** File that tells where the scans come from, below the folder. */
  attribution: z.string().optional(),
  scans: z.array(DemoResult),
});
/** `demo.json` of a demo's results. */
export type DemoFile = z.infer<typeof DemoFile>;

const fileIn = (folder: string) => join(folder, "demo.json");

export async function writeDemo(folder: string, content: DemoFile): Promise<void> {
  await writeAtomic(fileIn(folder), `${JSON.stringify(content, null, 1)}\n`);
}

/** The results of a demo. @throws InputError when the folder holds none, or their `demo.json` is damaged */
export async function readDemo(folder: string): Promise<DemoFile> {
  const { data, error } = DemoFile.safeParse(await readJson(fileIn(folder), InputError));
  if (error) throw new InputError(`"${fileIn(folder)}" does not hold the results of a demo: ${z.prettifyError(error)}`);
  return data;
}

/** Where the pictures of a scan are, below the folder. */
export const pictureOf = (folder: "overlay" | "outlines", name: string): string => `${folder}/${name}.png`;

/** The DSC of a scan; where it does not show what the prompt asks for, whether that was found. */
export function verdict({ truthAreaPx, areaPx, dsc }: Pick<DemoResult, "truthAreaPx" | "areaPx" | "dsc">): string {
  if (areaPx === null || dsc === null) return "failed";
  if (truthAreaPx > 0) return dsc.toFixed(2);
  return areaPx === 0 ? "no mask (correct)" : "a mask (wrong)";
}
