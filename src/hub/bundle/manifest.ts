import { z } from "zod";
import { WeightsError } from "../../errors.ts";
import { parseJson } from "../../files/json.ts";
import { weightsNames } from "../model-files.ts";
import { PinnedFile } from "../pins.ts";
import { commitPattern, isRepository, isRevision, modelKinds } from "../registry.ts";

/** The first file of a bundle. */
export const manifestName = "medclip-sam-models.json";

/** The file of a folder that was unpacked, from which `models verify` knows its hashes. */
export const modelFileName = "medclip-sam-model.json";

/** Largest manifest that is read, in bytes. */
export const largestManifest = 4 << 20;

/** A path in a repository: names of letters, digits, `-`, `_` and `.`, none of which begins with a point. It stays below the folder it is joined to. */
const plainPath = /^[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*)*$/;

/** Whether files of these paths can lie side by side: each is there once, and none is a folder of another. */
function fitTogether(paths: readonly string[]): boolean {
  const sorted = paths.map((path) => `${path}/`).sort(); // what a folder holds comes next after it
  return sorted.every((path, i) => !sorted[i + 1]?.startsWith(path));
}

/** A model in a bundle, or in a folder that was unpacked from one. */
export const BundledModel = z
  .strictObject({
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
      .refine((files) => Object.values(files).every(({ etag, sha256 }) => etag.length === 40 || etag === sha256), "two SHA-256 of one file")
      .refine(
        (files) => fitTogether([...Object.keys(files), modelFileName]),
        `a path that is a file and a folder, or ${modelFileName}, which is written beside the files`,
      ),
  })
  .refine(
    ({ kind, files }) => weightsNames[kind].some((name) => Object.hasOwn(files, name) || Object.hasOwn(files, `${name}.index.json`)),
    "a model without weights",
  );
export type BundledModel = z.infer<typeof BundledModel>;

/** Whether models of the same commit, whose files the cache keeps in one folder, have the same content under each path. */
function haveOneSnapshot(models: readonly BundledModel[]): boolean {
  const snapshots = new Map<string, Map<string, string>>();
  for (const { repository, commit, files } of models) {
    const name = `${repository}@${commit}`;
    const snapshot = snapshots.get(name) ?? new Map<string, string>();
    snapshots.set(name, snapshot);
    for (const [path, { sha256 }] of Object.entries(files)) {
      if ((snapshot.get(path) ?? sha256) !== sha256) return false;
      snapshot.set(path, sha256);
    }
  }
  return [...snapshots.values()].every((snapshot) => fitTogether([...snapshot.keys()]));
}

const Manifest = z.strictObject({
  format: z.literal("medclip-sam models"),
  version: z.literal(1),
  models: z
    .array(BundledModel)
    .min(1)
    .refine((models) => new Set(models.map(({ folder }) => folder)).size === models.length, "one folder twice")
    .refine(haveOneSnapshot, "one commit with different files"),
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
