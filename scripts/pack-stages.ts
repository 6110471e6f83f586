/** What the scripts that make packs share: stages that are skipped once they are done, commands of this package, weights in half precision. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { kebab } from "../src/kebab.ts";
import { openWeights } from "../src/tensor/open-weights.ts";
import { writeSafetensorsStream } from "../src/tensor/safetensors.ts";
import { fromFloat32, readTensor, toFloat32 } from "../src/tensor/stored-tensor.ts";

/** Flags of a command, in camelCase. */
export type Settings = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Key of the positional argument of a command. */
export const positional = "";

/** A stage of making a pack. */
export type Stage = readonly [name: string, run: () => Promise<void>];

/** Runs the stages that are not done yet, in their order; a file in `work` says that one is done, and how long it took. */
export async function runStages(work: string, stages: readonly Stage[]): Promise<void> {
  for (const [name, run] of stages) {
    const done = join(work, `${name.replaceAll(" ", "-")}.done`);
    if (existsSync(done)) continue;
    const begun = performance.now();
    process.stdout.write(`${name} ...\n`);
    await run();
    const seconds = Math.round((performance.now() - begun) / 1000);
    await writeFile(done, `${seconds} s\n`);
    process.stdout.write(`${name}: ${seconds} s\n`);
  }
}

/** Runs a command of this package to its end. @param file - the built command */
export async function runCommand(file: string, name: string, settings: Settings): Promise<void> {
  const args = Object.entries(settings).flatMap(([key, value]) => {
    if (key === positional) return [value].flat().map(String);
    const flag = `--${kebab(key)}`;
    return typeof value === "boolean" ? [value ? flag : `--no-${flag.slice(2)}`] : [value].flat().flatMap((one) => [flag, String(one)]);
  });
  const child = spawn(process.execPath, [resolve(file), ...name.split(" "), ...args, "--quiet"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const status = await new Promise((ended, failed) => child.once("close", ended).once("error", failed));
  if (status !== 0) throw new Error(`medclip-sam ${name} ${args.join(" ")} ended with status ${status}`);
}

/** Writes the weights of a file in half precision. @param weights - what the file's metadata say of them, beside the parts never trained */
export async function writeHalf(from: string, to: string, weights: string): Promise<void> {
  const { tensors, metadata } = await openWeights(from);
  const entries = [...tensors].map(([name, { shape }]) => ({ name, shape, dtype: "float16" as const }));
  const valuesOf = async ({ name }: { readonly name: string }) => fromFloat32("float16", toFloat32(await readTensor(tensors.get(name)!)));
  const { untrained } = metadata;
  await writeSafetensorsStream(to, entries, valuesOf, { weights, ...(untrained !== undefined && { untrained }) });
}
