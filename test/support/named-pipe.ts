import { spawnSync } from "node:child_process";

/** Makes a named pipe (FIFO). */
export function makePipe(path: string): void {
  const { status, stderr } = spawnSync("bash", ["-c", 'mkfifo "$1"', "bash", path], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}
