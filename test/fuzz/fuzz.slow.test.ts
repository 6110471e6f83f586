import { type ChildProcess, execFile, fork } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/shared-data.ts";
import type { Answer, Ask } from "./worker.ts";

/**
 * Mutated files through all readers: each must be read or refused, in little time and memory. FUZZ_CASES says how many (default 20,000), FUZZ_FROM
 * the number of the first one, FUZZ_KIND a pattern of kinds of files: case n is the same file on every machine, so a run can be resumed, and a fault
 * looked at again.
 */
const count = Number(process.env.FUZZ_CASES ?? 20_000);
const from = Number(process.env.FUZZ_FROM ?? 0);

/** Most seconds that reading a file may take of a processor; of the clock more, as the machine may be busy. */
const mostSeconds = { processor: 10, clock: 120 };

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-fuzz-"));
const kept = resolve(".tmp/fuzz/faults");
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  const options = ["--no-config", "--no-dts", "--out-dir", ".tmp/fuzz", "--target", "node20.19", "--log-level", "error"];
  await promisify(execFile)(process.execPath, ["node_modules/tsdown/dist/run.mjs", "test/fuzz/worker.ts", ...options]);
  mkdirSync(kept, { recursive: true });
});

/** Seconds that a process has had of a processor; 0 where the system does not tell. */
function processorSeconds({ pid }: ChildProcess): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  const fields = readFileSync(file, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The answer of a worker, or why there is none. */
function answerOf(worker: ChildProcess, ask: Ask): Promise<Answer | string> {
  return new Promise((done) => {
    const [begun, used] = [performance.now(), processorSeconds(worker)];
    const end = (answer: Answer | string) => {
      clearInterval(clock);
      worker.removeAllListeners();
      done(answer);
    };
    const clock = setInterval(() => {
      const seconds = processorSeconds(worker) - used;
      if (seconds < mostSeconds.processor && performance.now() - begun < 1000 * mostSeconds.clock) return;
      worker.kill("SIGKILL");
      end(`hangs: ${seconds.toFixed(0)} s of a processor`);
    }, 500);
    worker.once("message", (message) => end(message as Answer));
    worker.once("exit", (status, signal) => end(`ended with ${signal ?? status}`));
    worker.send(ask);
  });
}

describeWith(["parity/dicom/pixels.json", "parity/torch-files/expected.json"], "mutated files", () => {
  test(`${from} to ${from + count - 1} are read or refused`, { timeout: 0 }, async () => {
    const start = () => fork(".tmp/fuzz/worker.mjs", [folder], { execArgv: ["--max-old-space-size=2048"] });
    let worker = start();
    const faults: string[] = [];
    for (let number = from; number < from + count; number++) {
      const answer = await answerOf(worker, { number });
      if (typeof answer === "string") worker = start();
      const fault = typeof answer === "string" ? answer : answer.fault;
      if (number % 500 === 499)
        writeFileSync(resolve(".tmp/fuzz/progress.txt"), `${number + 1 - from} of ${count} from ${from}, ${faults.length} faults\n`);
      if (fault === undefined) continue;
      faults.push(`${number}: ${fault}`);
      writeFileSync(join(kept, `${number}.txt`), fault);
      if (typeof answer !== "string") copyFileSync(answer.file, join(kept, `${number}${extname(answer.file)}`));
    }
    worker.kill();
    expect(faults).toEqual([]);
  });
});
