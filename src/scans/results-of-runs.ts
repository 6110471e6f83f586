import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The record that a run leaves in its output folder, and the journal that it keeps while it goes on. */
const [record, journal] = ["run.json", "run.journal.jsonl"];

/** Whether a file of that name may tell of a run. */
export function isRecord(name: string): boolean {
  return name === record || name === journal;
}

/** Sub-folders into which runs write pictures and arrays; those of one of several targets, or of a structure, end in its name. */
const resultFolder = /^((saliency|coarse|masks|raw)(_.+)?|labels|overlay)$/;

/** Whether a sub-folder of a run's output folder is one of results. */
export function isResultFolder(name: string): boolean {
  return resultFolder.test(name);
}

/** Whether a folder is the output of a run: a record or a journal in it says which command wrote which images. */
export async function isRunFolder(folder: string): Promise<boolean> {
  // A file that cannot be read so is somebody else's of that name.
  const { command, images } = await contentOf(() => readFile(join(folder, record), "utf8"));
  if (typeof command === "string" && Array.isArray(images)) return true;
  const { journal: version, of } = await contentOf(() => firstLine(join(folder, journal)));
  return typeof version === "number" && typeof of === "string";
}

async function contentOf(read: () => Promise<string>): Promise<Readonly<Record<string, unknown>>> {
  try {
    return JSON.parse(await read()) ?? {};
  } catch {
    return {};
  }
}

/** A journal may be long. */
async function firstLine(file: string): Promise<string> {
  const stream = createReadStream(file, "utf8");
  try {
    for await (const line of createInterface({ input: stream })) return line;
    return "";
  } finally {
    stream.destroy();
  }
}
