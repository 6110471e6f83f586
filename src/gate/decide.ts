import { InputError } from "../errors.ts";
import { keysOf } from "../keys-of.ts";
import { listed } from "../listed.ts";
import type { LabelFacts } from "./facts.ts";
import { type Measure, type MeasureName, type MeasureRow, measureTable } from "./measures.ts";
import { type SetLimits, setLimits } from "./set-limits.ts";
import type { GateSettings } from "./settings.ts";

/** What training does with a pseudo-label: uses it fully, uses it with a weight below 1, or leaves it out. */
export type Decision = "keep" | "weight" | "drop";

/** What the gate decided about one pseudo-label, and why. */
export interface GateDecision {
  readonly name: string;
  readonly decision: Decision;
  /** In (0, 1]; 0 if dropped. */
  readonly weight: number;
  /** Null: not measured, without a bearing on the decision. */
  readonly measures: Readonly<Record<MeasureName, Measure | null>>;
  /** What lowered the weight, worst first; empty for images of full weight. */
  readonly reasons: readonly string[];
  /** How far the worst measure comes, as a share of what full weight takes: orders images, worst first. Above 1 for images of full weight. */
  readonly margin: number;
  readonly areaFraction: number;
}

/** What the gate decided about a set. */
export interface GateResult {
  /** In the order given. */
  readonly decisions: readonly GateDecision[];
  readonly counts: Readonly<Record<Decision, number>>;
  readonly limits: SetLimits;
  /** Present if fewer are left than `minKept`. No training should start then: the caller reports it. */
  readonly error?: InputError;
}

/**
 * Decides about each pseudo-label of a set, without any ground truth.
 *
 * Each measure gives a weight by its limits and by how far it lies from the rest of the set; that of the image is the **smallest**, not the product: the measures depend on one another, and a
 * product would count one doubt several times. Below the first limit of any measure the image is dropped.
 *
 * @param facts - of all pseudo-labels of one target (`labelFacts`), with different names
 * @returns decisions; with an error where fewer than `minKept` have a weight, as a training on the rest would not show what went wrong
 * @throws InputError when two have one name
 *
 * @example const { decisions, error } = gate(labels.map(labelFacts), GateSettings.parse({})); if (error) throw error;
 */
export function gate(facts: readonly LabelFacts[], settings: GateSettings): GateResult {
  checkNames(facts);
  const limits = setLimits(facts, settings);
  return resultOf(
    facts.map((one) => decide(one, limits, settings)),
    limits,
    settings,
  );
}

/**
 * A result in which some images are dropped for reasons that lie outside of their masks, such as a near-duplicate in the test set.
 *
 * @param reasons - by name of the image
 */
export function dropFor(result: GateResult, reasons: ReadonlyMap<string, string>, settings: GateSettings): GateResult {
  const decisions = result.decisions.map((one): GateDecision => {
    const reason = reasons.get(one.name);
    return reason === undefined ? one : { ...one, decision: "drop", weight: 0, margin: 0, reasons: [reason, ...one.reasons] };
  });
  return resultOf(decisions, result.limits, settings);
}

function resultOf(decisions: readonly GateDecision[], limits: SetLimits, settings: GateSettings): GateResult {
  const counts = { keep: 0, weight: 0, drop: 0 };
  for (const { decision } of decisions) counts[decision]++;
  const error = tooFew(decisions, counts, settings);
  return { decisions, counts, limits, ...(error && { error }) };
}

/** The decisions with the worst first; of equal ones by name. */
export function worstFirst(decisions: readonly GateDecision[]): GateDecision[] {
  return [...decisions].sort((a, b) => a.weight - b.weight || a.margin - b.margin || (a.name < b.name ? -1 : 1));
}

interface Graded {
  readonly weight: number;
  readonly margin: number;
  readonly reason: string;
}

function decide(facts: LabelFacts, limits: SetLimits, settings: GateSettings): GateDecision {
  const { name, areaFraction } = facts;
  const isEmpty = areaFraction === 0;
  const names = keysOf(measureTable);
  const measured = names.map((measure) => [measure, measureTable[measure].measure(facts, { limits, settings })] as const);
  const measures = Object.fromEntries(measured) as Record<MeasureName, Measure | null>;
  const grades = measured.flatMap(([measure, value]) => (value === null ? [] : [graded(measure, value, settings)]));
  if (isEmpty && settings.emptyMasks === "drop") grades.push({ weight: 0, margin: 0, reason: "the mask is empty" });
  const lowered = grades.filter((grade) => grade.weight < 1).sort((a, b) => a.weight - b.weight || a.margin - b.margin);
  const weight = lowered[0]?.weight ?? 1;
  return {
    name,
    decision: weight === 1 ? "keep" : weight > 0 ? "weight" : "drop",
    weight,
    measures,
    reasons: lowered.map(({ reason }) => reason),
    margin: Math.min(...grades.map(({ margin }) => margin)),
    areaFraction,
  };
}

function graded(name: MeasureName, { value, deviations = 0, reason }: Measure, settings: GateSettings): Graded {
  const { range }: { range: MeasureRow["range"] } = measureTable[name];
  const [lowest, full] = range?.(settings) ?? [0, 0];
  if (range && full === 0) return { weight: 1, margin: 1 + value, reason };
  const [inner, outer] = settings.outlierDeviations;
  const byValue = value >= full ? 1 : value < lowest ? 0 : between((value - lowest) / (full - lowest), settings);
  const byDeviations = deviations <= inner ? 1 : deviations >= outer ? 0 : between((outer - deviations) / (outer - inner), settings);
  const margins = [...(full > 0 ? [value / full] : []), ...(deviations > 0 ? [inner / deviations] : [])];
  return { weight: Math.min(byValue, byDeviations), margin: Math.min(2, ...margins), reason };
}

/** The weight for a share of the way between being dropped and full weight. */
const between = (share: number, { leastWeight }: GateSettings): number => leastWeight + (1 - leastWeight) * share;

function checkNames(facts: readonly LabelFacts[]): void {
  const names = new Set<string>();
  for (const { name } of facts) {
    if (names.has(name)) throw new InputError(`gate: two pseudo-labels have the name "${name}"; give each image a name of its own.`);
    names.add(name);
  }
}

function tooFew(decisions: readonly GateDecision[], counts: GateResult["counts"], settings: GateSettings): InputError | undefined {
  const left = counts.keep + counts.weight;
  if (left >= settings.minKept) return undefined;
  const causes = new Map<string, number>();
  for (const one of decisions) {
    if (one.decision !== "drop") continue;
    const names = keysOf(measureTable).filter((name) => {
      const measure = one.measures[name];
      return measure !== null && graded(name, measure, settings).weight === 0;
    });
    if (names.length === 0 && one.areaFraction > 0) {
      const cause = one.reasons[0]?.split(" of ")[0] ?? "other reasons"; // "near-duplicate of the test image ..."
      causes.set(cause, (causes.get(cause) ?? 0) + 1);
    }
    for (const name of names) causes.set(measureTable[name].title, (causes.get(measureTable[name].title) ?? 0) + 1);
    if (one.areaFraction === 0) causes.set("an empty mask", (causes.get("an empty mask") ?? 0) + 1);
  }
  const sorted = [...causes].sort(([, a], [, b]) => b - a);
  const why = sorted.length === 0 ? "" : ` Dropped for ${listed(sorted, 8, ([title, count]) => `${title} (${count})`)}.`;
  return new InputError(
    `gate: ${left} of ${decisions.length} pseudo-labels are left, expected at least ${settings.minKept}.${why} ` +
      "Look at the dropped ones, improve the text prompt or the model, or change the limits; a smaller minKept starts anyway.",
  );
}
