import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runDatasetsPrepare } from "../../src/pipeline/datasets/prepare/run.ts";
import { DatasetsPrepareSettings } from "../../src/pipeline/datasets/prepare/settings.ts";
import { encodeGray, encodeMask } from "../../src/results/png.ts";
import type { RunEvent } from "../../src/run/events.ts";
import type { StopOptions } from "../../src/run/stop-options.ts";
import { drawn } from "./pictures.ts";
import { collect } from "./tiny-run.ts";

/** A gray picture of 4 x 2 pixels as PNG; another number gives other pixels. */
export const imagePng = (seed = 0): Promise<Uint8Array> =>
  encodeGray({ width: 4, height: 2, data: Uint8Array.from({ length: 8 }, (_, i) => (37 * i + 11 * seed) % 256) });

/** A mask as PNG of 0 and 255, see `drawn`. */
export const maskPng = (...rows: string[]): Promise<Uint8Array> => encodeMask(drawn(...rows));

/** A folder of made downloads and their results. */
export class DataSetFiles {
  readonly root = mkdtempSync(join(tmpdir(), "medclip-sam-data-set-"));

  at(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  /** Writes files by their paths. */
  async write(folder: string, files: Readonly<Record<string, string | Uint8Array | Promise<Uint8Array>>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(this.at(folder, path)), { recursive: true });
      writeFileSync(this.at(folder, path), await content);
    }
  }

  /** Prepares the data set of a folder into `<folder>-out`. */
  prepare(name: string, folder: string, settings: object = {}, options: StopOptions = {}): Promise<RunEvent[]> {
    const given = { name, folder: this.at(folder), out: this.at(`${folder}-out`), ...settings };
    return collect(runDatasetsPrepare(DatasetsPrepareSettings.parse(given), options));
  }

  text(...parts: string[]): string {
    return readFileSync(this.at(...parts), "utf8");
  }

  /** A table without its header. */
  rows(...parts: string[]): string[] {
    return this.text(...parts)
      .trimEnd()
      .split("\n")
      .slice(1);
  }

  /** The `run.json` of a folder's result. */
  record(folder: string) {
    return JSON.parse(this.text(`${folder}-out`, "run.json"));
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
