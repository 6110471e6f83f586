import { readdir, rename, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { isRunning, makeFolder } from "../files/atomic-write.ts";

/** `<hash>.<host>.<count>.<process id>.incomplete` */
const partialName = /^([0-9a-f]+)\.(.+)\.(\d+)\.(\d+)\.incomplete$/;

/** A partial file of another machine that nobody has written to for this long is abandoned, in milliseconds. */
const abandonedAfterMs = 10 * 60_000;

/** Names of the partial files of this process that are in use. */
const held = new Set<string>();
let count = 0;

const host = (): string => hostname().replace(/[^\w-]/g, "_") || "host";

/**
 * A name for the incomplete content of a file, beside it, of this process alone. What an earlier process has left of the same content, killed or
 * cancelled, is taken over by renaming it, which only one process can do: two that download one file at the same time never write into
 * one partial file.
 */
export async function claimPartial(file: string): Promise<string> {
  const folder = dirname(file);
  await makeFolder(folder);
  const own = join(folder, `${basename(file)}.${host()}.${count++}.${process.pid}.incomplete`);
  held.add(basename(own));
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(file)}.`) || !(await isAbandoned(join(folder, name)))) continue;
    const isTaken = await rename(join(folder, name), own).then(
      () => true,
      () => false,
    );
    if (isTaken) break;
  }
  return own;
}

/** The partial file is left for a later process, or is complete and has got its final name. */
export function releasePartial(partial: string): void {
  held.delete(basename(partial));
}

async function isAbandoned(file: string): Promise<boolean> {
  const [, , machine, , pid] = partialName.exec(basename(file)) ?? [];
  if (pid === undefined) return false;
  if (machine !== host()) return Date.now() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? Date.now()) > abandonedAfterMs;
  return Number(pid) === process.pid ? !held.has(basename(file)) : !isRunning(Number(pid));
}
