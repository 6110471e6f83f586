import { createHash } from "node:crypto";
import { ConfigError } from "../../errors.ts";

type FileHashes = Readonly<Record<string, { readonly sha256: string; readonly under?: string | undefined }>>;

/** The fields of a run's header that decide whether results of two runs may be mixed. */
interface Comparable {
  readonly command?: string | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Settings that do not change the results. */
  readonly neutral?: readonly string[] | undefined;
  readonly device?: string | undefined;
  readonly samPrecision?: string | undefined;
  /** Records of earlier versions have none; they used SAM's own. */
  readonly samVariant?: string | undefined;
  readonly weights?: FileHashes | undefined;
  readonly data?: FileHashes | undefined;
  readonly targets?: readonly { readonly name: string }[] | undefined;
}

/** Describes the first setting or file in which two runs of a command differ. */
export function differenceOf(before: Comparable, now: Comparable): string | undefined {
  // Compared as JSON, so that absent and undefined are equal.
  const settings = JSON.parse(JSON.stringify(now.settings)) as Record<string, unknown>;
  const neutral = new Set(now.neutral);
  for (const key of new Set([...Object.keys(before.settings), ...Object.keys(settings)])) {
    const [variant, other] = [before, now].map(({ samVariant = "sam" }) => samVariant);
    if (variant !== other) return `the SAM model was used as ${variant}, now it is used as ${other}`;
    const [was, is] = [before.settings[key], settings[key]].map((value) => JSON.stringify(value) ?? "unset");
    if (!neutral.has(key) && was !== is) return `${key} was ${was}, now it is ${is}`;
  }
  if (before.device !== now.device) return `the device was ${before.device}, now it is ${now.device}`;
  const [precision, present] = [before, now].map(({ samPrecision, settings }) => samPrecision ?? settings.samPrecision);
  if (precision !== present) return `the precision of SAM was ${precision}, now it is ${present}`;
  const [variant, other] = [before, now].map(({ samVariant = "sam" }) => samVariant);
  if (variant !== other) return `the SAM model was used as ${variant}, now it is used as ${other}`;
  const [was, is] = [before, now].map(({ weights, data }) => ({ ...weights, ...data }));
  for (const key of new Set([...Object.keys(was!), ...Object.keys(is!)])) {
    if (was![key]?.sha256 !== is![key]?.sha256) return `the file of "${key}" has changed`;
    const [model, present] = [was![key]?.under, is![key]?.under];
    if (model !== present) return `the model "${key}" was ${inFile(model)}, now it is ${inFile(present)}`;
  }
  // Folders and label values depend on the full list of targets.
  const [asked, ask] = [before, now].map(({ targets }) => targets?.map(({ name }) => name).join(", ") ?? "unnamed");
  if (asked !== ask) return `its targets were ${asked}, now they are ${ask}`;
  return undefined;
}

const inFile = (under: string | undefined): string =>
  under === undefined ? "the default one in its file" : `the one under "${under}" in its file`;

/** A short hash, equal for runs between which `differenceOf` finds no difference. */
export function fingerprintOf({
  command,
  settings,
  neutral = [],
  device,
  samPrecision,
  samVariant = "sam",
  weights,
  data,
  targets,
}: Comparable & { readonly command: string }): string {
  const used = Object.entries(settings).filter(([key, value]) => !neutral.includes(key) && value !== undefined);
  const files = Object.entries({ ...weights, ...data }).map(([name, { sha256, under }]) =>
    under === undefined ? [name, sha256] : [name, sha256, under],
  );
  const byName = (entries: unknown[][]) => entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const content = JSON.stringify([
    command,
    device,
    samPrecision,
    byName(used),
    byName(files),
    ...(samVariant === "sam" ? [] : [samVariant]),
    ...(targets ? [targets.map(({ name }) => name)] : []),
  ]);
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

/** The error of a run whose folder holds results that must not be mixed with its own. @param what - such as "results of other settings" */
export function otherResults(out: string, what: string, difference: string): ConfigError {
  return new ConfigError(`"${out}" holds ${what} (${difference}). Choose another --out, or pass --overwrite to replace them.`);
}

/** The error of a run whose folder belongs to another command. */
export function otherCommand(out: string, command: string): ConfigError {
  return new ConfigError(`"${out}" holds results of the command "${command}". Choose another --out.`);
}
