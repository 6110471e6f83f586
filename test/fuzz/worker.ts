import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { faultOf, kindsIn } from "./kinds.ts";
import { drawsOf, mutated } from "./mutate.ts";

/** Asks for a mutated file to be read. */
export interface Ask {
  /** Of the mutation; the kind of file follows from it, too. */
  readonly number: number;
}

/** What reading came to. */
export interface Answer {
  readonly number: number;
  readonly kind: string;
  /** The file that was read. */
  readonly file: string;
  readonly fault?: string;
}

/** Most bytes of memory that reading a small file may take. */
const mostBytes = 1e9;

const [folder] = process.argv.slice(2) as [string];
const kinds = Object.entries(kindsIn(folder)).filter(([name]) => new RegExp(process.env.FUZZ_KIND ?? "").test(name));
const seeds = new Map<string, Promise<readonly Uint8Array[]>>();

/** Bytes of memory in use, and the most that were since the last call of `forgetPeak`. Linux alone tells them. */
function memory(): { now: number; peak: number } {
  const status = readFileSync("/proc/self/status", "utf8");
  const bytes = (name: string) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}
const forgetPeak = () => writeFileSync("/proc/self/clear_refs", "5");
const tellsMemory = process.platform === "linux";

async function read(number: number): Promise<Answer> {
  const [kind, { ending, seeds: seedsOf, read, isText, repair = (made: Uint8Array) => made }] = kinds[number % kinds.length]!;
  if (!seeds.has(kind)) seeds.set(kind, seedsOf());
  const known = await seeds.get(kind)!;
  const draw = drawsOf(number);
  const pick = () => known[Math.floor(draw() * known.length)]!;
  const file = join(folder, `case.${ending}`);
  if (known.length === 0) return { number, kind, file }; // shared files that are not there
  const bytes = repair(mutated(pick(), pick(), draw, { isText }));
  await writeFile(file, bytes);
  const before = readdirSync(folder);
  if (tellsMemory) forgetPeak();
  const start = tellsMemory ? memory().now : 0;
  const faults: string[] = [];
  for (const reading of read(file, bytes)) {
    const fault = await faultOf(reading);
    if (fault !== undefined) faults.push(fault);
  }
  const taken = tellsMemory ? memory().peak - start : 0;
  if (taken > mostBytes) faults.push(`took ${Math.round(taken / 1e6)} MB of memory`);
  const written = readdirSync(folder).filter((name) => !before.includes(name) && name !== "pack.json");
  if (written.length > 0) faults.push(`wrote ${written.join(", ")}`);
  return { number, kind, file, ...(faults.length > 0 && { fault: faults.join("\n") }) };
}

process.on("message", async ({ number }: Ask) => process.send!(await read(number)));
