import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { WeightsError } from "../errors.ts";
import { writeAtomic } from "../files/atomic-write.ts";
import { readJsonIfPresent } from "../files/read-json.ts";
import { documents } from "./model-files.ts";

const digits = (count: number) => z.string().regex(new RegExp(`^[0-9a-f]{${count}}$`));

/** A file as it was first downloaded. */
export const PinnedFile = z.strictObject({
  size: z.number().int().nonnegative(),
  sha256: digits(64),
  /** The hash by which the hub names it, see `RemoteFile`. */
  etag: z.union([digits(64), digits(40)]),
});
export type PinnedFile = z.infer<typeof PinnedFile>;

/** A revision of a repository as it was first downloaded: its commit, and its files by path. */
const PinnedRevision = z.strictObject({ commit: digits(40), files: z.record(z.string(), PinnedFile) });
export type PinnedRevision = z.infer<typeof PinnedRevision>;

/** By repository and revision. */
const Pins = z.record(z.string(), z.record(z.string(), PinnedRevision));
type Pins = z.infer<typeof Pins>;

/** Where the hashes of downloaded models are kept: `pins.json` in the user's cache folder. Nobody but the user's own first download says them. */
export function pinsFile(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "medclip-sam", "pins.json");
}

async function readPins(): Promise<Pins> {
  const file = pinsFile();
  const damaged = (reason: string, cause?: Error) =>
    new WeightsError(
      `"${file}" is damaged, so downloads cannot be compared with earlier ones. Repair it, or remove it to begin anew: ${reason}`,
      { cause },
    );
  const json = await readJsonIfPresent(file, WeightsError).catch((cause: Error) => {
    throw damaged(cause.message, cause);
  });
  if (json === undefined) return {};
  const { data, error } = Pins.safeParse(json);
  if (error) throw damaged(z.prettifyError(error), error);
  return data;
}

/** What was pinned for a revision; undefined before its first download. @throws WeightsError when the pins are damaged */
export async function pinsOf(repository: string, revision: string): Promise<PinnedRevision | undefined> {
  return (await readPins())[repository]?.[revision];
}

/** What was pinned for a commit, under whichever revision. @throws WeightsError when the pins are damaged */
export async function pinsOfCommit(repository: string, commit: string): Promise<PinnedRevision | undefined> {
  return Object.values((await readPins())[repository] ?? {}).find((pinned) => pinned.commit === commit);
}

/** Pins a revision. Read again first: another process may have pinned its own meanwhile. */
export async function pin(repository: string, revision: string, pinned: PinnedRevision): Promise<void> {
  const pins = await readPins();
  await writeAtomic(pinsFile(), `${JSON.stringify({ ...pins, [repository]: { ...pins[repository], [revision]: pinned } }, null, 1)}\n`);
}

/**
 * Compares a revision with what was pinned: the same files with the same hashes. A new file counts, too, as it may be used instead of another.
 * Cards and licences may change.
 *
 * @param found - the hash that each file has now
 * @throws WeightsError that names both hashes of a file that has changed, or the files that came or went, and how to accept the change
 */
export function requireUnchanged(about: string, pinned: PinnedRevision, found: ReadonlyMap<string, string>, accept: string): void {
  const advice = `If its authors have published a new version and you want it, ${accept}; results may then differ. Otherwise keep the one you have.`;
  const first = `at the first download (commit ${pinned.commit})`;
  for (const [path, etag] of found) {
    const before = pinned.files[path];
    if (documents.includes(path) || before === undefined || [before.etag, before.sha256].includes(etag)) continue;
    throw new WeightsError(`"${path}" of ${about} has changed: its hash is ${etag}, it was ${before.etag} ${first}. ${advice}`);
  }
  const others = (paths: Iterable<string>, known: (path: string) => boolean) =>
    [...paths].filter((path) => !documents.includes(path) && !known(path)).map((path) => `"${path}"`);
  const added = others(found.keys(), (path) => Object.hasOwn(pinned.files, path));
  const gone = others(Object.keys(pinned.files), (path) => found.has(path));
  if (added.length + gone.length === 0) return;
  const changes = [
    ...(added.length > 0 ? [`; new: ${added.join(", ")}`] : []),
    ...(gone.length > 0 ? [`; no longer used: ${gone.join(", ")}`] : []),
  ];
  throw new WeightsError(`${about} is made of other files than ${first}${changes.join("")}. ${advice}`);
}
