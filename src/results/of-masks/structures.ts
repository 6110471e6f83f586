import { z } from "zod";
import { described } from "../../check/described.ts";
import { checkedObject } from "../../check/options.ts";
import { checkedMap, checkedMask, checkSameSize } from "../../check/pictures.ts";
import { checkedList } from "../../check/prompts.ts";
import { InputError } from "../../errors.ts";
import type { Colour, Mask, SaliencyMap } from "../../image/types.ts";
import type { Scan } from "../../scans/scan.ts";
import { colourOf, type Target } from "../../targets/target.ts";
import type { ScanResult } from "../scan-writer.ts";

/** A structure and its masks on the frames of a scan. */
export interface StructureMasks {
  /** Its name, such as "left lung": names that are known get codes of SNOMED CT in DICOM, others a private code. */
  readonly label: string;
  /** The text prompts that the masks were made with. */
  readonly prompts?: readonly string[];
  /** In viewers; default: another one for each structure. */
  readonly colour?: Colour;
  /** The mask of each frame [rows, columns], in the order of the scan; undefined, or none at the end of the list, where it is empty. */
  readonly masks: readonly (Mask | undefined)[];
  /** Probabilities behind the masks, values in [0, 1], for fractional segmentations. */
  readonly probabilities?: readonly (SaliencyMap | undefined)[];
}

/** A model that made masks, which the results name. */
export const UsedModels = z.array(z.strictObject({ name: z.string(), sha256: z.string() })).default([]);

/** @throws InputError for what is no scan of `openScans` */
export function checkedScan(scan: Scan, where: string): Scan {
  const given = scan as Partial<Scan> | null | undefined;
  if (Array.isArray(given?.frames) && typeof given.read === "function" && typeof given.source === "string") return scan;
  throw new InputError(`${where}: scan must be one of openScans, got ${described(scan)}.`);
}

/**
 * The masks of structures as the result of a scan.
 *
 * @throws InputError when there is no structure, labels are missing or equal, or masks do not fit the scan's frames
 */
export function resultOf(scan: Scan, structures: readonly StructureMasks[], models: ScanResult["models"], where: string): ScanResult {
  const size = { width: scan.columns, height: scan.rows, name: "the frames of the scan" };
  const own = new Map<Target, StructureMasks>();
  const labels = new Set<string>();
  checkedList(structures, where, "structures", (structure, name) => {
    const { label, prompts = [], colour, masks, probabilities = [] } = checkedStructure(structure, where, name);
    if (labels.has(label)) throw new InputError(`${where}: two structures are named "${label}". Give each its own name.`);
    labels.add(label);
    const frames = <T extends Mask | SaliencyMap>(list: unknown, what: string, check: (one: unknown, where: string, name: string) => T) => {
      const checked = checkedList(list, where, `${name}.${what}`, (one, at) => {
        if (one === undefined) return undefined;
        const picture = check(one, where, at);
        checkSameSize(where, { ...picture, name: at }, size);
        return picture;
      });
      if (checked.length > scan.frames.length)
        throw new InputError(`${where}: ${name}.${what} has ${checked.length} frames, its scan ${scan.frames.length}.`);
      return checked;
    };
    const target = { name: label, sentences: prompts, colour: colour ?? colourOf(own.size) };
    own.set(target, {
      label,
      masks: frames(masks, "masks", checkedMask),
      probabilities: frames(probabilities, "probabilities", checkedMap),
    });
  });
  if (own.size === 0) throw new InputError(`${where}: there are no structures. Pass at least one with its label and masks.`);
  return {
    scan,
    models,
    targets: [...own.keys()],
    maskOf: async (target, frame) => own.get(target)!.masks[frame],
    probabilityOf: async (target, frame) => own.get(target)!.probabilities![frame],
  };
}

const Described = z.looseObject({
  label: z.string().trim().min(1, "a name"),
  prompts: z.array(z.string()).optional(),
  colour: z.tuple([z.number(), z.number(), z.number()]).optional(),
});

function checkedStructure(structure: unknown, where: string, name: string): StructureMasks {
  const given = checkedObject(structure as StructureMasks, where, name);
  const { success, error } = Described.safeParse(given);
  if (success) return given;
  const [issue] = error.issues;
  throw new InputError(
    `${where}: ${name}.${issue!.path.join(".")} is wrong (${issue!.message}). Expected { label, prompts, colour, masks }.`,
  );
}
