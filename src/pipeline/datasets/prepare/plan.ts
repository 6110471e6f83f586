import { ConfigError, InputError } from "../../../errors.ts";
import { listed } from "../../../listed.ts";
import { canonicalName } from "../../../scans/names.ts";
import type { DataSet, Failure, FolderFiles, Found, Item, LeftOutFile, Split } from "../data-set.ts";
import { archiveEnding } from "../read/folder-files.ts";
import { repeated } from "../read/pair-masks.ts";
import type { DatasetsPrepareSettings } from "./settings.ts";
import { sharesOf, splitOf, withheld } from "./splits.ts";
import { testNames } from "./test-names.ts";

/** An item with its split, and the number by which its group goes. */
export interface Planned {
  readonly item: Item;
  readonly split: Split;
  /** Such as "patient-007". */
  readonly group: string | undefined;
}

/** What becomes of each file. */
export interface Plan {
  readonly items: readonly Planned[];
  readonly leftOut: readonly LeftOutFile[];
  readonly failures: readonly Failure[];
  readonly tables: readonly string[];
  /** Whole sentences. */
  readonly warnings: readonly string[];
}

/**
 * What becomes of each file of a folder.
 *
 * @throws InputError when the folder holds no such data set
 * @throws ConfigError when no image has a name of the list of test images, or the shares of the splits are none
 */
export async function planOf(
  files: FolderFiles,
  dataSet: DataSet,
  settings: DatasetsPrepareSettings,
  { tell, signal }: { readonly tell: (message: string) => void; readonly signal?: AbortSignal | undefined },
): Promise<Plan> {
  const { target, normal, seed, shareGroups, test: list, split: shares } = settings;
  const asked = shares && sharesOf(shares);
  const test = list === undefined ? undefined : await testNames(list);
  const found = await dataSet.read(files, { target, normal, tell, signal });
  const { items, failures } = withoutRepeats(found, files);
  if (items.length === 0 && failures.length === 0) throw new InputError(nothingIn(files, settings.name, dataSet));
  const warnings = test ? missingOf(test, items, list!) : [];
  const chosen = splitOf(items, { seed, shares: asked, paper: dataSet.paper, test, shareGroups });
  const numbers = groupNumbers(items, dataSet.group);
  const planned: Planned[] = [];
  const leftOut = [...found.leftOut];
  for (const item of items) {
    const split = chosen.get(item)!;
    if (split !== withheld) planned.push({ item, split, group: item.group === undefined ? undefined : numbers.get(item.group) });
    else for (const file of filesOf(item)) leftOut.push({ file, reason: `no test image, but of a ${dataSet.group} with test images` });
  }
  const isDrawn = asked !== undefined || items.some((item) => item.split === undefined && !test?.has(item.name));
  const isDivided = new Set(planned.map(({ split }) => split)).size > 1;
  if (isDrawn && isDivided && numbers.size === 0)
    warnings.push("patients are not known in this data set: images of one patient may be in several splits");
  for (const file of unused(files, { ...found, leftOut, failures })) leftOut.push({ file, reason: "no file of the data set" });
  return { items: planned, leftOut, failures: [...files.failures, ...failures], tables: found.tables, warnings };
}

/** All files of an item, each once, its image first. */
export const filesOf = ({ image, masks }: Pick<Item, "image" | "masks">): [string, ...string[]] => [
  image,
  ...masks.filter((mask) => mask !== image),
];

function nothingIn({ root, paths }: FolderFiles, name: string, { layout }: DataSet): string {
  const archive = paths.find((path) => archiveEnding.test(path));
  const what =
    archive !== undefined ? `Unpack "${archive}" first.` : paths.length === 0 ? "It has no files." : `It has ${listed(paths, 3)}.`;
  return `"${root}" holds no images of ${name}; expected ${layout}. ${what}`;
}

/** Names that differ in upper and lower case alone are one file on some systems. */
function withoutRepeats({ items, failures }: Found, { place }: FolderFiles): { items: Item[]; failures: readonly Failure[] } {
  const first = new Map<string, Item>();
  const repeats: Failure[] = [];
  for (const item of items) {
    const key = canonicalName(item.name).toLowerCase();
    const before = first.get(key);
    if (before) repeats.push({ ...repeated(item.image, before.image, place), files: filesOf(item) });
    else first.set(key, item);
  }
  return { items: [...first.values()], failures: [...failures, ...repeats] };
}

/** @throws ConfigError when none of the names is there */
function missingOf(test: ReadonlySet<string>, items: readonly Item[], list: string): string[] {
  const known = new Set(items.map(({ name }) => name));
  const missing = [...test].filter((name) => !known.has(name));
  if (missing.length === test.size)
    throw new ConfigError(
      `--test: no image has a name of "${list}" (${listed(missing, 3)}); images are called ${listed([...known], 3)}. Is it the list of another data set?`,
    );
  return missing.length === 0 ? [] : [`"${list}" names ${missing.length} images that are not there: ${listed(missing, 5)}`];
}

/** Groups by the order of their first images' names, so that a number says nothing about the identifier behind it. */
function groupNumbers(items: readonly Item[], noun = "group"): Map<string, string> {
  const byName = [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
  const groups = [...new Set(byName.flatMap(({ group }) => group ?? []))];
  const digits = String(groups.length).length;
  return new Map(groups.map((group, i) => [group, `${noun}-${String(i + 1).padStart(digits, "0")}`]));
}

function unused({ paths }: FolderFiles, { items, leftOut, failures, tables }: Found): string[] {
  const used = new Set([...items.flatMap(filesOf), ...leftOut.map(({ file }) => file), ...failures.flatMap((one) => one.files), ...tables]);
  return paths.filter((path) => !used.has(path));
}
