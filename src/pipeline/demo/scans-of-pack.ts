import { extname, join } from "node:path";
import { z } from "zod";
import { InputError } from "../../errors.ts";
import { readJsonIfPresent } from "../../files/read-json.ts";
import type { Mask, Size } from "../../image/index.ts";
import { decodeImage } from "../../scans/decode-image.ts";
import { readContent } from "../../scans/read-content.ts";
import { readMask } from "../../scans/read-mask.ts";
import type { DemoScan } from "./scan.ts";

const belowFolder = z
  .string()
  .regex(
    /^[\w-]+(\/[\w-]+)*\.\w+$/,
    'expected the path of a file below the folder, of letters, digits, "_" and "-" with "/" between folders',
  );

const text = z.string().regex(/\S/, "expected a text");

const ScanRow = z.strictObject({
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected lower-case letters, digits and "-"'),
  title: text,
  prompt: text,
  image: belowFolder,
  /** Null where the scan does not show what the prompt asks for. */
  mask: belowFolder.nullable(),
  credit: text.optional(),
});

/** `demo/demo.json` of a pack. */
const ScansFile = z
  .array(ScanRow)
  .min(1)
  .superRefine((rows, { addIssue }) => {
    const names = rows.map(({ name }) => name);
    names.forEach((name, i) => {
      if (names.indexOf(name) < i) addIssue({ code: "custom", path: [i, "name"], message: `"${name}" is the name of two scans` });
    });
  });

/**
 * The scans that a pack brings for its demo; undefined where its folder has no `demo/demo.json`.
 *
 * @throws InputError when `demo.json` does not list scans, an image or mask is missing or damaged, or a mask has another size than its image
 */
export async function scansOfPack(pack: { readonly folder: string }): Promise<DemoScan[] | undefined> {
  const folder = join(pack.folder, "demo");
  const file = join(folder, "demo.json");
  const content = await readJsonIfPresent(file, InputError);
  if (content === undefined) return undefined;
  const { data: rows, error } = ScansFile.safeParse(content);
  if (error) throw new InputError(`"${file}" does not list the scans of a demo: ${z.prettifyError(error)}`);
  return await Promise.all(
    rows.map(async ({ image: path, mask, ...about }) => {
      const { name, bytes } = await readContent(join(folder, path));
      const { image } = await decodeImage({ name, bytes });
      const truth = mask === null ? empty(image) : await truthOf(join(folder, mask), { ...image, file: name });
      return { ...about, image: { bytes, ending: extname(path).slice(1) }, truth };
    }),
  );
}

/** @throws InputError also when reading the mask needs a guess, which its maker can spare everyone */
async function truthOf(file: string, image: Size & { readonly file: string }): Promise<Mask> {
  const { mask, warnings } = await readMask(file, { image });
  if (warnings.length > 0) throw new InputError(`"${file}" is not a plain mask of 0 and 255: ${warnings.join("; ")}. Save it as one.`);
  return mask;
}

const empty = ({ width, height }: Size): Mask => ({ width, height, data: new Uint8Array(width * height) });
