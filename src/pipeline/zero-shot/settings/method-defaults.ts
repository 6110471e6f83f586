import { coarseMethods } from "../../../coarse/index.ts";
import { saliencyMethods } from "../../../saliency/index.ts";
import { CoarseSettings } from "./coarse.ts";
import { SaliencySettings } from "./saliency.ts";

/** The methods that a user has chosen; an undefined one is left to the pack. A saliency method may be a function of the caller. */
export interface ChosenMethods {
  readonly saliencyMethod?: unknown;
  readonly coarseMethod?: unknown;
}

type Choice = keyof ChosenMethods;

/** Defaults of a pack that would have an effect, but do not hold, as they were chosen for another method than the user's. */
export interface LeftDefaults {
  readonly choice: Choice;
  /** The method of the pack. */
  readonly own: string;
  /** Names of the settings. */
  readonly names: readonly string[];
}

/** A step whose method is a setting. */
interface Step {
  readonly methods: Readonly<Record<string, { readonly settings: { readonly shape: object } }>>;
  /** The method of a pack that names none. */
  readonly usual: string;
  /** Its settings beside the method. */
  readonly names: readonly string[];
}

const steps: Readonly<Record<Choice, Step>> = {
  saliencyMethod: {
    methods: saliencyMethods,
    usual: SaliencySettings.parse({}).saliencyMethod,
    names: Object.values(saliencyMethods).flatMap(({ settings }) => Object.keys(settings.shape)),
  },
  coarseMethod: {
    methods: coarseMethods,
    usual: CoarseSettings.parse({}).coarseMethod,
    names: Object.keys(CoarseSettings.omit({ coarseMethod: true }).shape),
  },
};

/** Whether a method of a step reads a setting. A setting that is about no single method belongs to all. */
function reads({ methods }: Step, method: unknown, name: string): boolean {
  const readers = Object.keys(methods).filter((row) => name in methods[row]!.settings.shape);
  return readers.length === 0 || readers.some((row) => row === method);
}

/**
 * The defaults of a pack that hold with the chosen methods.
 *
 * A pack sets a value for its own method or, where that does not read it, for the methods that do. With another method, that method's own
 * defaults hold; with another saliency method those of the whole coarse step, too, as its maps have other values.
 *
 * @param defaults - settings of the pack by name
 */
export function methodDefaults(
  defaults: Readonly<Record<string, unknown>>,
  chosen: ChosenMethods,
): { readonly values: Readonly<Record<string, unknown>>; readonly left: readonly LeftDefaults[] } {
  const values = { ...defaults };
  const left: LeftDefaults[] = [];
  for (const [choice, step] of Object.entries(steps) as [Choice, Step][]) {
    const own = String(defaults[choice] ?? step.usual);
    const method = chosen[choice] ?? own;
    const isOther = method !== own;
    const names: string[] = [];
    for (const name of Object.keys(values)) {
      const isOfNextStep = choice === "saliencyMethod" && name in CoarseSettings.shape;
      if (!isOfNextStep && !step.names.includes(name)) continue;
      const wasRead = isOfNextStep || reads(step, own, name);
      if (isOther ? !wasRead && reads(step, method, name) : wasRead) continue;
      delete values[name];
      if (wasRead) names.push(name);
    }
    if (names.length > 0) left.push({ choice, own, names });
  }
  return { values, left };
}
