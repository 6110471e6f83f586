import type { Mask } from "../../src/image/types.ts";
import type { ScanResult, ScanWriteOptions } from "../../src/results/scan-writer.ts";
import type { Scan } from "../../src/scans/scan.ts";
import { namedTargets } from "../../src/targets/target.ts";

/** Options of writers of scans, as the command line has them by default. */
export function scanOptions(out: string, options: Partial<ScanWriteOptions> = {}): ScanWriteOptions {
  return { out, fractional: false, labelmap: false, keepEmpty: false, strip: false, deterministic: true, ...options };
}

/** Masks of a scan by target and frame; each picture is one row a line, "#" for a pixel of the target. */
export function scanResult(scan: Scan, pictures: Readonly<Record<string, readonly (string | undefined)[]>>): ScanResult {
  const names = Object.keys(pictures);
  const targets = namedTargets(new Map(names.map((name) => [name, [`A CT showing the ${name}`]])), "test");
  return {
    scan,
    targets,
    models: [{ name: "sam", sha256: "ab".repeat(32) }],
    maskOf: async ({ name }, frame) => {
      const picture = pictures[name!]![frame];
      return picture === undefined ? undefined : maskOf(picture, scan);
    },
  };
}

function maskOf(picture: string, { rows, columns }: Scan): Mask {
  const data = new Uint8Array(rows * columns);
  for (const [y, line] of picture.trim().split(/\s+/).entries())
    for (const [x, letter] of [...line].entries()) if (letter === "#") data[y * columns + x] = 1;
  return { width: columns, height: rows, data };
}
