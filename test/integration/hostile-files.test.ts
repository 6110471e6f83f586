import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { ConfigError, InputError } from "../../src/errors.ts";
import { textPrompts } from "../../src/pipeline/zero-shot/targets/text-prompts.ts";
import { decodeNpz, encodeNpz } from "../../src/results/npz.ts";
import { openImage } from "../../src/scans/decode-image.ts";
import { bmpOf } from "../support/bmp-files.ts";
import { tiffOf } from "../support/mask-files.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-hostile-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A NIfTI-1 header of 2 x 2 x 1 bytes. */
function niftiHeader(): Buffer {
  const header = Buffer.alloc(352);
  header.writeInt32LE(348, 0);
  for (const [i, length] of [3, 2, 2, 1, 1, 1, 1, 1].entries()) header.writeInt16LE(length, 40 + 2 * i);
  header.writeInt16LE(2, 70);
  header.writeInt16LE(8, 72);
  header.writeFloatLE(352, 108);
  header.write("n+1\0", 344, "latin1");
  return header;
}

describe("files that grow when they are opened", () => {
  test("a gzip file that goes on far behind its voxels is not read to its end", async () => {
    const megabytes = gzipSync(Buffer.alloc(2 ** 24));
    const whole = Buffer.concat([gzipSync(Buffer.concat([niftiHeader(), Buffer.alloc(4)])), megabytes]);
    expect(await openImage({ name: "a.nii.gz", bytes: whole })).toHaveLength(1);
    const bomb = Buffer.concat([whole, ...Array.from({ length: 1000 }, () => megabytes)]); // 16 GB
    await expect(openImage({ name: "bomb.nii.gz", bytes: bomb })).rejects.toThrow(
      '"bomb.nii.gz" inflates to more than 268435456 bytes behind its voxels; expected none.',
    );
  });

  test("an array of a .npz file that claims, or has, more than it may is refused", async () => {
    const bytes = await encodeNpz({ a: { dtype: "uint8", shape: [1000], data: new Uint8Array(1000) } });
    const claiming = (size: number) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt32LE(size, copy.indexOf("PK\x01\x02") + 24);
      return { name: "a.npz", bytes: copy };
    };
    await expect(decodeNpz(claiming(2 ** 31))).rejects.toThrow('"a.npz/a.npy" has 2147483648 bytes; at most 1073741824 are read.');
    await expect(decodeNpz(claiming(2 ** 29))).rejects.toThrow(/"a\.npz\/a\.npy" is damaged/);
    await expect(decodeNpz(claiming(10))).rejects.toThrow(/"a\.npz\/a\.npy" is damaged/);
  });

  test("pictures whose headers claim a hundred million pixels and more are refused before memory is taken", async () => {
    const side = 60_000;
    const gif = Buffer.concat([
      Buffer.from("GIF89a\x60\xea\x60\xea\x80\0\0\0\0\0\xff\xff\xff", "latin1"),
      Buffer.from(",\0\0\0\0\x60\xea\x60\xea\0\x02\x02\x44\x01\0;", "latin1"),
    ]);
    const files = {
      "a.bmp": bmpOf({ width: side, height: side, bits: 8, compression: 1, palette: [0], pixels: [0, 1] }),
      "a.tif": tiffOf({ width: side, height: side, bits: 8, content: deflateRawSync(new Uint8Array(9)) }),
      "a.gif": gif,
    };
    for (const [name, bytes] of Object.entries(files))
      await expect(openImage({ name, bytes }), name).rejects.toThrow(`"${name}" has 60000 x 60000 pixels; at most 100 million are read`);
  });
});

describe("names that lead out of the output folder", () => {
  const names = ["../heart", "/heart", "..\\heart", "C:heart", "..", ".", "a/b", "a\0b"];

  test.each(names)("a target named %j is refused", async (name) => {
    const file = join(folder, "prompts.json");
    writeFileSync(file, JSON.stringify({ "*": { [name]: "the heart", lung: "the lung" } }));
    const image = { file: "a.png", name: "a", path: "a.png" };
    await expect(textPrompts({ prompts: file }, [image])).rejects.toThrow(ConfigError);
    await expect(textPrompts({ target: [`${name}=the heart`] }, [image])).rejects.toThrow(ConfigError);
  });
});

test("a file that is nothing but its own signature is refused, in every format", async () => {
  const heads = [
    "\x89PNG\r\n\x1a\n",
    "\xff\xd8\xff",
    "II*\0",
    "MM\0*",
    "II+\0",
    "RIFF\0\0\0\0WEBP",
    "GIF87a",
    "\x1f\x8b",
    `${"BM".padEnd(14, "\0")}\x28\0\0\0`,
  ];
  for (const head of heads) await expect(openImage({ name: "head", bytes: Buffer.from(head, "latin1") }), head).rejects.toThrow(InputError);
});
