import { execFile } from "node:child_process";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const root = resolve(import.meta.dirname, "../..");
const lock = join(root, ".tmp", "build.lock");

/** The built command. Tests that start it as a process call this first. */
export const mainFile = join(root, "dist", "cli", "main.js");

/** Builds the package unless the last build is newer than the sources. Test files run in parallel: one builds, the others wait. */
export async function builtCommand(): Promise<string> {
  await mkdir(join(root, ".tmp"), { recursive: true });
  while (await isStale()) {
    const isMine = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (!isMine) {
      await sleep(100);
      // Left by a killed build.
      if (Date.now() - (await timeOf(lock)) > 60_000) await rm(lock, { recursive: true, force: true });
      continue;
    }
    try {
      // Without cleaning: another test may be running the last build. Without types: they take most of the time, and a process needs none.
      if (await isStale())
        await promisify(execFile)(process.execPath, [join(root, "node_modules/tsdown/dist/run.mjs"), "--no-clean", "--no-dts"], {
          cwd: root,
        });
    } finally {
      await rm(lock, { recursive: true, force: true });
    }
  }
  return mainFile;
}

/** Builds a file of `scripts/`, in the repository, where it finds its packages; it starts the built command. @returns the built script */
export async function builtScript(name: string): Promise<string> {
  await builtCommand();
  const folder = join(root, ".tmp", name);
  const options = ["--no-config", "--no-dts", "--out-dir", folder, "--target", "node20.19", "--log-level", "error"];
  await promisify(execFile)(process.execPath, [join(root, "node_modules/tsdown/dist/run.mjs"), `scripts/${name}.ts`, ...options], {
    cwd: root,
  });
  return join(folder, `${name}.mjs`);
}

async function isStale(): Promise<boolean> {
  const built = await timeOf(mainFile);
  const sources = (await readdir(join(root, "src"), { recursive: true })).filter((name) => /\.ts$/.test(name) && !/\.test\.ts$/.test(name));
  const files = [...sources.map((name) => join("src", name)), "tsdown.config.ts", "package.json"];
  const times = await Promise.all(files.map((name) => timeOf(join(root, name))));
  return times.some((time) => time > built);
}

/** Time of change; 0 when there is no such file. A lock that has just gone counts as new. */
const timeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => (file === lock ? Date.now() : 0),
  );
