import { z } from "zod";
import { WeightsError } from "../../errors.ts";
import { parseJson } from "../../files/json.ts";
import { PinnedFile } from "../pins.ts";
import { commitPattern, isRepository, isRevision, modelKinds } from "../registry.ts";

/** The first file of a bundle. */
export const manifestName = "medclip-sam-models.json";

/** Largest manifest that is read, in bytes. */
export const largestManifest = 4 << 20;

/** A path in a repository: names of letters, digits, `-`, `_` and `.`, none of which begins with a point. It stays below the folder it is joined to. */
const plainPath = /^[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*)*$/;

/** A model in a bundle, or in a folder that was unpacked from one. */
export const BundledModel = z.strictObject({
  /** The folder of its files. */
  folder: z.string().refine((name) => plainPath.test(name) && !name.includes("/"), "not the name of a folder"),
  kind: z.enum(modelKinds),
  repository: z.string().refine(isRepository, "not a repository"),
  revision: z.string().refine(isRevision, "not a revision"),
  commit: z.string().regex(commitPattern),
  title: z.string().optional(),
  licence: z.string().optional(),
  use: z.string().optional(),
  files: z
    .record(z.string(), PinnedFile)
    .refine((files) => Object.keys(files).every((path) => plainPath.test(path)), "not the path of a file in a repository")
    .refine((files) => Object.values(files).every(({ etag, sha256 }) => etag.length === 40 || etag === sha256), "two SHA-256 of one file"),
});
export type BundledModel = z.infer<typeof BundledModel>;

const Manifest = z.strictObject({
  format: z.literal("medclip-sam models"),
  version: z.literal(1),
  models: z
    .array(BundledModel)
    .min(1)
    .refine((models) => new Set(models.map(({ folder }) => folder)).size === models.length, "one folder twice"),
});
export type Manifest = z.infer<typeof Manifest>;

/** @throws WeightsError when it is not the manifest of a bundle */
export function parseManifest(bytes: Uint8Array, bundle: string): Manifest {
  const { data, error } = Manifest.safeParse(parseJson(bytes, `${bundle}: ${manifestName}`, WeightsError));
  if (error)
    throw new WeightsError(
      `"${bundle}" is refused: its ${manifestName} is not that of a bundle this version can read: ${z.prettifyError(error)}`,
    );
  return data;
}

/** The files of a bundle after the manifest, in order. */
export function filesOfBundle({ models }: Manifest): { readonly model: BundledModel; readonly path: string; readonly file: PinnedFile }[] {
  return models.flatMap((model) => Object.entries(model.files).map(([path, file]) => ({ model, path, file })));
}

/** "1 file", "7 files": how many a model has. */
export function filesIn({ files }: BundledModel): string {
  const { length } = Object.keys(files);
  return `${length} ${length === 1 ? "file" : "files"}`;
}
