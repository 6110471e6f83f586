import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect } from "../../../test/support/tiny-run.ts";
import { readCsvPairs } from "../../data/csv-pairs.ts";
import { readRegions } from "../../data/regions.ts";
import { CancelledError, ConfigError } from "../../errors.ts";
import { phantom, phantomVolume } from "../../phantom/index.ts";
import { axisCodes } from "../../scans/axes.ts";
import { readContent } from "../../scans/read-content.ts";
import { readGray } from "../../scans/read-gray.ts";
import { readMaskVolume } from "../../scans/read-mask-volume.ts";
import { readNifti } from "../../scans/sources/nifti/read-nifti.ts";
import { runPhantom } from "./run.ts";
import { PhantomSettings } from "./settings.ts";

let root: string;
const at = (...path: string[]) => join(root, ...path);
const settings = (given: object) =>
  PhantomSettings.parse({ count: 6, size: 64, modalities: ["breast-ultrasound", "chest-xray"], ...given });
/** A text file by lines. */
const lines = async (...path: string[]) => (await readFile(at(...path), "utf8")).trimEnd().split("\n");
const json = async (...path: string[]) => JSON.parse(await readFile(at(...path), "utf8"));

/** Every file of a folder by its path, with the hash of its bytes. */
async function content(folder: string): Promise<Map<string, string>> {
  const files = (await readdir(at(folder), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(
    await Promise.all(
      paths.map(
        async (path) =>
          [
            path.slice(at(folder).length),
            createHash("sha256")
              .update(await readFile(path))
              .digest("hex"),
          ] as const,
      ),
    ),
  );
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "medclip-sam-phantom-"));
  await collect(runPhantom(settings({ out: at("set") })));
});
afterAll(async () => await rm(root, { recursive: true, force: true }));

describe("a phantom set", () => {
  test("holds the images and masks of phantom()", async () => {
    const names = (await readdir(at("set", "images"))).sort();
    expect(names).toHaveLength(12);
    expect(names[7]).toBe("chest-xray-00001.png");
    const { image, structures } = phantom("chest-xray", 42, 1, 64);
    expect((await readGray(at("set", "images", names[7]!))).data).toEqual(image.data);
    for (const [structure, { mask }] of structures) {
      expect((await readGray(at("set", `masks_${structure}`, names[7]!))).data).toEqual(mask.data.map((value) => value * 255));
    }
  });

  test("unites the lungs", async () => {
    for (const name of await readdir(at("set", "masks_lungs"))) {
      const sides = ["masks_left_lung", "masks_right_lung"].map((folder) => at("set", folder, name)).filter(existsSync);
      const masks = await Promise.all(sides.map(async (file) => (await readGray(file)).data));
      const lungs = (await readGray(at("set", "masks_lungs", name))).data;
      expect(masks.length).toBeGreaterThan(0);
      expect(lungs.every((value, i) => value === Math.max(...masks.map((mask) => mask[i]!)))).toBe(true);
    }
  });

  test("has a text prompt and its mask for every image", async () => {
    const prompts = await json("set", "prompts.json");
    expect(Object.keys(prompts).sort()).toEqual((await readdir(at("set", "images"))).sort());
    expect((await readdir(at("set", "masks"))).sort()).toEqual(Object.keys(prompts).sort());
    for (const [name, prompt] of Object.entries<string>(prompts)) {
      if (!/cardiac|heart/.test(prompt)) continue;
      const heart = at("set", "masks_heart", name);
      const target = await readFile(at("set", "masks", name));
      if (existsSync(heart)) expect(target).toEqual(await readFile(heart));
      else expect((await readGray(at("set", "masks", name))).data.every((value) => value === 0)).toBe(true);
    }
  });

  test("has three captions per image, and outlines, in the tables that finetune reads", async () => {
    const { pairs } = await readCsvPairs(at("set", "captions.csv"));
    expect(pairs).toHaveLength(36);
    const { images, phrases, unused } = await readRegions(at("set", "regions.csv"), pairs);
    expect([images.size, unused.length]).toEqual([12, 0]);
    expect(phrases.get("the heart")).toEqual(["the heart", "heart", "the cardiac silhouette", "the cardiac shadow"]);
  });

  test("lists each structure as present or absent, and foreign ones as absent", async () => {
    const [head, ...rows] = await lines("set", "regions.csv");
    expect(head).toBe("filename,phrase,mask");
    const { images } = await json("set", "phantoms.json");
    for (const { name, modality, structures } of images) {
      const own = rows.map((row) => row.split(",")).filter(([file]) => file === `images/${name}.png`);
      // Structures, kinds of lesion, sentences; foreign phrases and sentences.
      expect(own).toHaveLength(modality === "chest-xray" ? 6 + 6 + 6 + 3 : 5 + 2 + 5 + 6 + 3);
      expect(new Set(own.map(([, phrase]) => phrase)).size).toBe(own.length);
      for (const [, , mask] of own) if (mask !== "") expect(existsSync(at("set", mask!)), mask).toBe(true);
      const heart = own.find(([, phrase]) => phrase!.startsWith("the heart|"));
      if (modality === "chest-xray") expect(heart![2]).toBe(structures.heart ? `masks_heart/${name}.png` : "");
      const sentence = own.find(([, phrase]) => /^[^|]* the heart\|/.test(phrase!));
      if (modality === "chest-xray") expect(sentence![2]).toBe(heart![2]);
      const malignant = own.find(([, phrase]) => phrase!.includes("malignant"));
      if (modality === "breast-ultrasound") expect(malignant![2] !== "").toBe(structures.lesion?.kind === "malignant");
    }
  });

  test("a second run draws nothing, and one after an interruption only missing images: the bytes are the same", async () => {
    const before = await content("set");
    const picture = at("set", "images", "chest-xray-00002.png");
    const old = new Date("2001-01-01");
    await utimes(picture, old, old);
    const events = await collect(runPhantom(settings({ out: at("set") })));
    expect(events.at(-1)).toMatchObject({ type: "end", done: 0, skipped: 12 });
    expect((await stat(picture)).mtime).toEqual(old);
    await rm(picture);
    expect((await collect(runPhantom(settings({ out: at("set") })))).at(-1)).toMatchObject({ done: 1, skipped: 11 });
    expect(await content("set")).toEqual(before);
  });

  test("grows by images and modalities to the result of a single run", async () => {
    const cancel = new AbortController();
    const interrupted = (async () => {
      for await (const event of runPhantom(settings({ out: at("grown") }), { signal: cancel.signal }))
        if (event.type === "item") cancel.abort();
    })();
    await expect(interrupted).rejects.toThrow(CancelledError);
    expect((await json("grown", "phantoms.json")).images.length).toBeGreaterThan(0);
    await collect(runPhantom(settings({ out: at("grown"), modalities: ["chest-xray"], count: 2 })));
    await collect(runPhantom(settings({ out: at("grown"), modalities: ["chest-xray"], start: 2, count: 4 })));
    const [last] = (await collect(runPhantom(settings({ out: at("grown") })))).slice(-1);
    expect(last).toMatchObject({ type: "end", failed: 0 });
    expect(await content("grown")).toEqual(await content("set"));
  });

  test("with another seed needs a separate folder, or --overwrite, which removes the old one", async () => {
    await collect(runPhantom(settings({ out: at("old"), count: 4 })));
    const other = { out: at("old"), seed: 7, count: 1 };
    await expect(collect(runPhantom(settings(other)))).rejects.toThrow(ConfigError);
    await expect(collect(runPhantom(settings(other)))).rejects.toThrow("seed was 42, now it is 7");
    await collect(runPhantom(settings({ ...other, overwrite: true })));
    await collect(runPhantom(settings({ ...other, out: at("new") })));
    expect(await content("old")).toEqual(await content("new"));
  });
});

test("images that no run has drawn are not mixed with phantoms", async () => {
  await mkdir(at("theirs", "masks_lesion"), { recursive: true });
  await writeFile(at("theirs", "masks_lesion", "a.png"), "");
  await expect(collect(runPhantom(settings({ out: at("theirs"), count: 1 })))).rejects.toThrow(/masks_lesion.a\.png" already exists/);
  expect(await readdir(at("theirs"))).toEqual(["masks_lesion"]);
});

describe("volumes", () => {
  const volumes = (given: object) =>
    PhantomSettings.parse({ count: 1, size: 64, slices: 6, modalities: ["chest-ct", "brain-mri"], volume: true, ...given });
  beforeAll(async () => {
    await collect(runPhantom(volumes({ out: at("volumes") })));
  });

  test("are NIfTI files with masks on the same grid, in millimetres, which evaluate and decode read", async () => {
    expect((await readdir(at("volumes", "images"))).sort()).toEqual(["brain-mri-00000.nii.gz", "chest-ct-00000.nii.gz"]);
    const { data, spacing, structures } = phantomVolume("chest-ct", 42, 0, { size: 64, slices: 6 });
    const image = await readNifti(await readContent(at("volumes", "images", "chest-ct-00000.nii.gz")));
    expect(image.shape).toEqual([64, 64, 6]);
    expect(image.volume(0).data).toEqual(data);
    expect(axisCodes(image.position.placement)).toEqual(["L", "P", "S"]);
    for (const [i, mm] of [spacing[2], spacing[1], spacing[0]].entries()) expect(image.position.placement.spacing[i]).toBeCloseTo(mm, 4);
    for (const [structure, { mask }] of structures) {
      const { stack, grid } = await readMaskVolume(at("volumes", `masks_${structure}`, "chest-ct-00000.nii.gz"));
      expect(stack).toEqual(mask);
      expect(grid.placement).toEqual(image.position.placement);
    }
    expect(existsSync(at("volumes", "masks_lungs", "chest-ct-00000.nii.gz"))).toBe(true);
  });

  test("have captions, regions and prompts by their files", async () => {
    expect(Object.keys(await json("volumes", "prompts.json"))).toEqual(["brain-mri-00000.nii.gz", "chest-ct-00000.nii.gz"]);
    expect((await lines("volumes", "captions.csv"))[1]).toMatch(/^images\/brain-mri-00000\.nii\.gz,/);
    expect((await lines("volumes", "regions.csv")).some((line) => line.endsWith("masks_brain/brain-mri-00000.nii.gz"))).toBe(true);
    expect(await json("volumes", "phantoms.json")).toMatchObject({ slices: 6, size: 64, seed: 42 });
  });

  test("the same settings give the same bytes, and another number of slices is not mixed in", async () => {
    await collect(runPhantom(volumes({ out: at("volumes-again") })));
    expect(await content("volumes-again")).toEqual(await content("volumes"));
    await expect(collect(runPhantom(volumes({ out: at("volumes"), slices: 7 })))).rejects.toThrow("slices");
    await expect(collect(runPhantom(volumes({ out: at("volumes"), volume: false })))).rejects.toThrow(ConfigError);
  });

  test("all modalities stand for those that have volumes; others are refused by name", async () => {
    const all = PhantomSettings.parse({ out: at("all"), count: 1, size: 64, slices: 2, volume: true });
    await collect(runPhantom(all));
    expect(await readdir(at("all", "images"))).toHaveLength(2);
    await expect(collect(runPhantom(volumes({ out: at("xray"), modalities: ["chest-xray"] })))).rejects.toThrow(
      "--volume: there are no volumes of chest-xray. Choose from brain-mri, chest-ct.",
    );
  });
});

test("invalid settings are rejected", () => {
  for (const wrong of [
    { count: 0 },
    { size: 32 },
    { size: 2.5 },
    { modalities: [] },
    { modalities: ["foot"] },
    { start: -1 },
    { seed: -1 },
  ]) {
    expect(() => settings({ out: "x", ...wrong })).toThrow();
  }
});
