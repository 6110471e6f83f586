import type { Attributes } from "../../../dicom/attributes.ts";
import type { DataSet } from "../../../dicom/data-set.ts";
import type { FunctionalGroups } from "../../../dicom/functional-groups.ts";
import { entryOf, type LookupTable, lookupTable } from "../../../dicom/lookup-table.ts";
import { type AppliedWindow, type Window, type WindowFunction, windowLevel } from "../window.ts";
import type { Levels } from "./levels.ts";
import type { ModalityRule } from "./modality-values.ts";
import type { PixelFormat } from "./pixel-format.ts";

/** How values of the modality become levels of gray. */
export interface VoiRule {
  readonly applied: AppliedWindow;
  /** In [0, 1]; NaN for what is none. */
  level(value: number): number;
  /** Guesses, without the file name. */
  readonly warnings: readonly string[];
}

/** What the rule of a frame depends on. */
export interface VoiContext {
  readonly attributes: DataSet;
  readonly groups: FunctionalGroups;
  readonly frame: number;
  readonly format: PixelFormat;
  readonly modality: ModalityRule;
  /** Percentiles of all frames that belong together; asked for only where they are used. */
  levels(): Promise<Levels>;
}

/** The default for CT, in Hounsfield units. */
const defaultCt = { center: 40, width: 400 } as const;

/**
 * The rule of a frame: the window that was asked for; else the file's first lookup table, else its first valid window; else the full range of
 * unsigned values of up to 8 bits, 40/400 for CT, and percentiles for the rest.
 *
 * @throws LookupError
 */
export async function voiRule(context: VoiContext, asked?: Window): Promise<VoiRule> {
  const { attributes, groups, frame, format, modality } = context;
  if (asked) return window("asked", asked.width >= 1 ? ofValues("LINEAR", format) : "LINEAR_EXACT", asked);
  const voi = groups(frame, "FrameVOILUTSequence") ?? attributes;
  const [item] = attributes.items("VOILUTSequence");
  if (item) return lut(lookupTable(item, { descriptor: "LUTDescriptor", data: "LUTData" }, false));
  const { found, warnings } = fileWindow(voi, format);
  if (found) return { ...window("window", found.function, found), warnings };
  if (!format.isSigned && format.bitsStored <= 8 && modality.isIdentity) return { ...full(format.bitsStored), warnings };
  if (attributes.text("Modality") === "CT") {
    const said = `has no window; that of soft tissue, ${defaultCt.center}/${defaultCt.width}, was taken`;
    return { ...window("default CT", ofValues("LINEAR", format), defaultCt), warnings: [...warnings, said] };
  }
  return percentiles(await context.levels(), warnings);
}

/** Windows of floating-point values have no half steps. */
const ofValues = (shape: WindowFunction, { source }: PixelFormat): WindowFunction =>
  source !== "PixelData" && shape === "LINEAR" ? "LINEAR_EXACT" : shape;

const shapes: readonly WindowFunction[] = ["LINEAR", "LINEAR_EXACT", "SIGMOID"];

/** The first valid window of a file. */
function fileWindow(voi: Attributes, format: PixelFormat): { found?: Window & { readonly function: WindowFunction }; warnings: string[] } {
  const [centers, widths] = [voi.numbers("WindowCenter"), voi.numbers("WindowWidth")];
  const named = voi.text("VOILUTFunction") ?? "LINEAR";
  const known = shapes.find((shape) => shape === named);
  const warnings = known ? [] : [`its window has the function "${named}", which there is not; LINEAR was taken`];
  const shape = ofValues(known ?? "LINEAR", format);
  for (const [i, center] of centers.entries()) {
    const width = widths[i] ?? Number.NaN;
    const isValid = Number.isFinite(center) && Number.isFinite(width) && width > 0 && (shape !== "LINEAR" || width >= 1);
    if (isValid) return { found: { center, width, function: shape }, warnings };
    warnings.push(`its window with the width ${width} is invalid and was not used`);
  }
  return { warnings: centers.length > 0 ? warnings : [] };
}

const clamp = (level: number): number => Math.min(Math.max(level, 0), 1);

function window(kind: "window" | "default CT" | "asked", shape: WindowFunction, { center, width }: Window): VoiRule {
  return { applied: { kind, function: shape, center, width }, level: windowLevel(shape, { center, width }), warnings: [] };
}

function lut(table: LookupTable): VoiRule {
  const { first, bits, entries } = table;
  const top = 2 ** bits - 1;
  return {
    applied: { kind: "lut", entries: entries.length, first, bits },
    level: (value) => clamp(entryOf(table, value) / top),
    warnings: [],
  };
}

function full(bits: number): VoiRule {
  const top = 2 ** bits - 1;
  return { applied: { kind: "full", bits }, level: (value) => value / top, warnings: [] };
}

function percentiles([low, high]: Levels, warnings: readonly string[]): VoiRule {
  const range = high > low ? `${low} to ${high} (0.5 % and 99.5 % percentiles)` : `${low}, all the same,`;
  return {
    applied: { kind: "percentiles", low, high },
    level: high > low ? (value) => clamp((value - low) / (high - low)) : () => 0,
    warnings: [...warnings, `has no window; values of ${range} were mapped to ${high > low ? "0 to 255" : "0"}`],
  };
}
