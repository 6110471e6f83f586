import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeRunLeftovers } from "./leftovers.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medclip-sam-leftovers-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("incomplete files of killed writers are removed, in all result folders and nowhere else", async () => {
  const out = join(folder, "out");
  const gone = spawnSync(process.execPath, ["-e", ""]);
  const partial = (name: string, pid = gone.pid) => `.${name}.0.${pid}.tmp`;
  await mkdir(join(out, "masks_lesion", "patient", "series"), { recursive: true });
  await mkdir(join(out, "masks"));
  await mkdir(join(out, "other"));
  await writeFile(join(out, partial("run.json")), "");
  await writeFile(join(out, "masks_lesion", "patient", "series", partial("a.png")), "");
  await writeFile(join(out, "masks", partial("b.png", process.pid)), "");
  await writeFile(join(out, "masks", "a.png"), "");
  await writeFile(join(out, "other", partial("c.png")), "");
  await writeFile(join(folder, partial("features.safetensors")), "");

  const outputs = [out, join(folder, "features.safetensors"), join(folder, "none", "file")];
  const removed = (await Promise.all(outputs.map(removeRunLeftovers))).flat();
  expect(removed.sort()).toEqual(
    [
      join(out, partial("run.json")),
      join(out, "masks_lesion", "patient", "series", partial("a.png")),
      join(folder, partial("features.safetensors")),
    ].sort(),
  );
  expect(await readdir(join(out, "masks"))).toHaveLength(2);
});
