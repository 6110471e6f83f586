import { createHash } from "node:crypto";
import { ConfigError } from "../../errors.ts";

/** Settings that do not change what a result is: where files lie, how fast, what else is written. Weights count by their SHA-256. */
const neutral = new Set([
  "inputs",
  "out",
  "coarse",
  "prompt",
  "prompts",
  "target",
  "pack",
  "clip",
  "clipConfig",
  "sam",
  "noise",
  "cache",
  "threads",
  "raw",
  "overwrite",
  "dryRun",
  "pairs",
  "data",
  "images",
  "workers",
  "checkpointEvery",
  "resume",
]);

/** Names that mean another thing to a command, which is not neutral. */
const decisive: Readonly<Record<string, readonly string[]>> = {
  "finetune-sam": ["prompts"], // how many an image, not a file of sentences
};

/**
 * Whether results stay the same when this setting changes, so that a run may go on with another value. The schemas say the same beside each
 * setting; records are read without them.
 */
export function isNeutral(setting: string, command = ""): boolean {
  return neutral.has(setting) && !decisive[command]?.includes(setting);
}

type FileHashes = Readonly<Record<string, { readonly sha256: string; readonly under?: string | undefined }>>;

/** What of a run's header decides whether results of two runs may stand side by side. */
interface Comparable {
  readonly command?: string | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly device?: string | undefined;
  readonly samPrecision?: string | undefined;
  readonly weights?: FileHashes | undefined;
  readonly data?: FileHashes | undefined;
  readonly targets?: readonly { readonly name: string }[] | undefined;
}

/** The first setting or file in which two runs of a command differ, in words. */
export function differenceOf(before: Comparable, now: Comparable): string | undefined {
  // Through JSON, so that absent and undefined are the same.
  const settings = JSON.parse(JSON.stringify(now.settings)) as Record<string, unknown>;
  for (const key of new Set([...Object.keys(before.settings), ...Object.keys(settings)])) {
    const [was, is] = [before.settings[key], settings[key]].map((value) => JSON.stringify(value) ?? "unset");
    if (!isNeutral(key, now.command) && was !== is) return `${key} was ${was}, now it is ${is}`;
  }
  if (before.device !== now.device) return `it was computed on ${before.device}, now it would be on ${now.device}`;
  const [precision, present] = [before, now].map(({ samPrecision, settings }) => samPrecision ?? settings.samPrecision);
  if (precision !== present) return `SAM computed in ${precision}, now it would in ${present}`;
  const [was, is] = [before, now].map(({ weights, data }) => ({ ...weights, ...data }));
  for (const key of new Set([...Object.keys(was!), ...Object.keys(is!)])) {
    if (was![key]?.sha256 !== is![key]?.sha256) return `the file behind "${key}" was another one`;
    const [model, other] = [was![key]?.under, is![key]?.under];
    if (model !== other) return `the model "${key}" was ${inFile(model)}, now it is ${inFile(other)}`;
  }
  // Folders and the values of labels depend on all targets together.
  const [asked, ask] = [before, now].map(({ targets }) => targets?.map(({ name }) => name).join(", ") ?? "without a name");
  if (asked !== ask) return `its targets were ${asked}, now they are ${ask}`;
  return undefined;
}

const inFile = (under: string | undefined): string =>
  under === undefined ? "the one that is found in its file" : `that under "${under}" in its file`;

/** A few characters that are the same for runs between which `differenceOf` finds no difference. */
export function fingerprintOf({
  command,
  settings,
  device,
  samPrecision,
  weights,
  data,
  targets,
}: Comparable & { readonly command: string }): string {
  const used = Object.entries(settings).filter(([key, value]) => !isNeutral(key, command) && value !== undefined);
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
    ...(targets ? [targets.map(({ name }) => name)] : []),
  ]);
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

/** The error of a run whose folder holds what must not be mixed with its own results. @param what - such as "results of other settings" */
export function otherResults(out: string, what: string, difference: string): ConfigError {
  return new ConfigError(`"${out}" holds ${what} (${difference}). Choose another --out, or give --overwrite to replace them.`);
}

/** The error of a run whose folder belongs to another command. */
export function otherCommand(out: string, command: string): ConfigError {
  return new ConfigError(`"${out}" holds results of the command "${command}". Choose another --out.`);
}
