import { readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { ConfigError } from "../../errors.ts";
import { isRunning, makeFolder, remove, temporaryName, writing } from "../../files/atomic-write.ts";
import { processStatus } from "../../files/process-status.ts";

/** `.run.lock.<count>.<process id>.tmp`: a temporary file, so that the lock of a killed run is cleaned up with its other leftovers. */
const lockName = /^\.run\.lock\.\d+\.(\d+)\.tmp$/;

/** Names of the lock files of this process. */
const held = new Set<string>();

/** The process that writes into a folder. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Start time of that process, if the system provides it: another process may have the same id since. */
  readonly start?: string | undefined;
}

/**
 * A lock file that a run writes into its folder, as two runs at once would overwrite each other's records.
 *
 * Each run first writes its own lock and then looks for others, so of two that start together at least one sees the other. Locks of
 * processes that have ended are ignored. Whether a process on another machine still runs cannot be checked: that is a warning.
 */
export class FolderLock {
  readonly warnings: readonly string[];
  private readonly file: string;

  private constructor(file: string, warnings: readonly string[]) {
    this.file = file;
    this.warnings = warnings;
  }

  /**
   * @throws ConfigError when another run writes into the folder
   * @throws OutputError when the folder cannot be written to
   */
  static async take(folder: string): Promise<FolderLock> {
    const own = temporaryName(join(folder, "run.lock"));
    const me: Holder = { pid: process.pid, host: hostname(), start: processStatus(process.pid)?.start };
    await makeFolder(folder);
    await writing(own, () => writeFile(own, JSON.stringify(me), { flag: "wx" }));
    held.add(basename(own));
    const warnings: string[] = [];
    for (const name of await readdir(folder)) {
      const pid = lockName.exec(name)?.[1];
      if (pid === undefined || name === basename(own)) continue;
      const other = await holderOf(join(folder, name), Number(pid));
      if (other.host !== me.host) {
        warnings.push(
          `a run on "${other.host}" (process ${other.pid}) has not finished in "${folder}". If it is still running, stop one of the two: they would overwrite each other's records. If not, remove "${join(folder, name)}"`,
        );
      } else if (goesOn(other, name)) {
        await new FolderLock(own, []).release();
        throw new ConfigError(
          `process ${other.pid} is writing into "${folder}". Wait until it has finished, stop it, or choose another --out.`,
        );
      } else {
        await remove([join(folder, name)]);
      }
    }
    return new FolderLock(own, warnings);
  }

  async release(): Promise<void> {
    held.delete(basename(this.file));
    await remove([this.file]);
  }
}

/** A lock without content belongs to a run that is just starting. */
async function holderOf(file: string, pid: number): Promise<Holder> {
  try {
    return { ...(JSON.parse(await readFile(file, "utf8")) as Holder), pid };
  } catch {
    return { pid, host: hostname() };
  }
}

function goesOn({ pid, start }: Holder, name: string): boolean {
  if (pid === process.pid) return held.has(name);
  if (!isRunning(pid)) return false;
  const now = processStatus(pid)?.start;
  return start === undefined || now === undefined || now === start;
}
