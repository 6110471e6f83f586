import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { builtCommand } from "../support/build.ts";
import { runCommand, startCommand } from "../support/command.ts";
import { nanoSam, randomModel } from "../support/models.ts";
import { writeDisc, writeWords } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-interrupt-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

let base: string[] = [];
beforeAll(async () => {
  await builtCommand();
  // The call must last until it is interrupted, for which the smallest model is too fast.
  const [clip, sam] = [await randomModel("biomedclip-tiny", writeWords()), await nanoSam()];
  for (const name of ["a", "b"]) await writeDisc(at("scans", `${name}.png`), 1);
  base = ["segment", at("scans"), "--prompt", "dark lesion", "--clip", clip, "--sam", sam, "--samples", "1"];
});

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** Starts a run whose optimisation is one native call of about a minute, and waits until the call has started. */
async function blocked(out: string) {
  mkdirSync(at(out), { recursive: true });
  const { child, result } = startCommand([...base, "--steps", "1500", "--out", at(out)]);
  started.push(child);
  await new Promise<void>((resolve) => child.stderr!.on("data", (text: string) => text.includes("checking weights") && resolve()));
  await sleep(1000);
  expect(child.exitCode).toBeNull();
  return { child, result };
}

const files = () => readdirSync(at("out"), { recursive: true }).map(String);
/** The worker process of a command; Linux lists the children of a process. */
const workerOf = ({ pid }: ChildProcess) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.skipIf(process.platform !== "linux")("Ctrl-C during a native call", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends the command without waiting for that call, with status 130, leaving nothing half-written",
    async (signal) => {
      const { child, result } = await blocked("out");
      // A writer that is killed between writing and renaming leaves such a file.
      const worker = workerOf(child);
      writeFileSync(at("out", `.run.json.0.${worker}.tmp`), "{");
      child.kill(signal);
      const { status, stderr } = await result;
      expect(readdirSync(at("out"))).not.toContain("masks"); // the call had a minute to go
      expect(status).toBe(130);
      expect(stderr).toContain("run the same command again to resume");
      expect(isAlive(worker)).toBe(false);
      expect(files().filter((name) => /tmp|part/.test(name))).toEqual([]);
    },
  );

  test("afterwards the same command with other settings completes", async () => {
    const { status, stderr } = await runCommand([...base, "--steps", "2", "--out", at("out"), "--overwrite"]);
    expect(status, stderr).toBe(0);
    expect(files()).toEqual(expect.arrayContaining([join("masks", "a.png"), join("masks", "b.png"), "run.json"]));
  });

  test("when the command is killed, its worker process ends, too", async () => {
    const { child, result } = await blocked("killed");
    const worker = workerOf(child);
    expect(isAlive(worker)).toBe(true);
    child.kill("SIGKILL");
    await result;
    while (isAlive(worker)) await sleep(100); // a busy machine takes its time
  });

  test("when the worker process is killed for lack of memory, the command says so", async () => {
    const { child, result } = await blocked("memory");
    const worker = workerOf(child);
    process.kill(worker, "SIGKILL");
    const { status, stderr } = await result;
    expect(status).toBe(1);
    expect(stderr).toContain("most likely because memory ran out");
  });
});

describe("a reader that exits early, such as head", () => {
  test("of events ends the run without a message, as the rest would be lost", async () => {
    const { child, result } = startCommand([...base, "--steps", "2", "--out", at("head"), "--events"]);
    child.stdout!.once("data", () => child.stdout!.destroy());
    const { status, stderr } = await result;
    expect(stderr).toBe("");
    expect(status).toBe(130);
  });

  test("of progress does not end the run, as results are in files", async () => {
    const { child, result } = startCommand([...base, "--steps", "2", "--out", at("unread")]);
    child.stdout!.destroy();
    child.stderr!.destroy();
    expect((await result).status).toBe(0);
    expect(readdirSync(at("unread", "masks"))).toHaveLength(2);
  });
});
