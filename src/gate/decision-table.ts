import { keysOf } from "../keys-of.ts";
import type { GateDecision, GateResult } from "./decide.ts";
import { measureTable } from "./measures.ts";
import { type GateSettings, masksBehindDefaults } from "./settings.ts";

/** Columns of the table of decisions. */
export const decisionColumns = ["name", "decision", "weight", ...keysOf(measureTable), "areaFraction", "reasons"] as const;

/** Decisions as rows of text, the first with the names of the columns; numbers to four decimals, not measured: empty. */
export function decisionRows(decisions: readonly GateDecision[]): string[][] {
  return [[...decisionColumns], ...decisions.map(rowOf)];
}

function rowOf({ name, decision, weight, measures, areaFraction, reasons }: GateDecision): string[] {
  const values = keysOf(measureTable).map((measure) => measures[measure]?.value);
  const numbers = [weight, ...values, areaFraction].map((value) => (value === undefined ? "" : value.toFixed(4)));
  return [name, decision, ...numbers, reasons.join("; ")];
}

/** What the gate decided about a set as plain data for a JSON file. */
export interface GateRecord {
  /** Number of true masks that the settings were chosen on. */
  readonly masksUsed: number;
  readonly settings: GateSettings;
  readonly counts: GateResult["counts"];
  readonly limits: GateResult["limits"];
  /** Message of the error, where too few are left. */
  readonly error?: string;
  readonly decisions: readonly GateDecision[];
}

/** On how many true masks settings were chosen, as said with every result of labels that went through the gate. */
export function masksUsedLine(masksUsed: number): string {
  const words =
    masksUsed === 0 ? "no setting was chosen on true masks" : `the gate's limits were settled after a look at ${masksUsed} true masks`;
  return `${masksUsed} masks used: ${words}`;
}

/** The record of a result. @param options.masksUsed - default `masksBehindDefaults` */
export function gateRecord(result: GateResult, options: { readonly settings: GateSettings; readonly masksUsed?: number }): GateRecord {
  const { counts, limits, error, decisions } = result;
  const { settings, masksUsed = masksBehindDefaults } = options;
  return { masksUsed, settings, counts, limits, ...(error && { error: error.message }), decisions };
}
