import { join } from "node:path";
import { InputError } from "../../../errors.ts";
import { readJson } from "../../../files/read-json.ts";
import type { GateRecord } from "../../../gate/index.ts";
import type { LeakRecord } from "./judge.ts";

/** `gate.json`: what became of the pseudo-labels. */
export interface GateFile extends GateRecord {
  readonly leaks: readonly LeakRecord[];
  /** Names of images that are near-duplicates of one another. */
  readonly clusters: readonly (readonly string[])[];
}

/** Reads what `weak pseudo-label` has written. @throws InputError when there is none */
export async function readGate(out: string): Promise<GateFile> {
  return (await readJson(join(out, "gate.json"), InputError)) as GateFile;
}
