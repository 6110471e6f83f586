import type { Outcome } from "../../../run/items.ts";
import type { ImageRecord } from "../../../run/record/record.ts";
import type { TargetItem } from "../images/items.ts";
import type { ScanExport } from "./scan-export.ts";
import { isAlone, isScan, type ScanItem, scanItem, withScans } from "./scan-items.ts";
import type { ScanStep } from "./scan-step.ts";

/** The scans among the images of a run: what is made of their masks together, and their results in formats of scans. */
export class ScansOfRun {
  /** The images, each scan of several frames behind its last one. */
  readonly todo: readonly (TargetItem | ScanItem)[];
  private readonly step: ScanStep;
  private readonly exported: ScanExport;
  private readonly earlier: ReadonlyMap<string, ImageRecord>;
  private readonly pictures: readonly TargetItem[];
  /** Scans of one frame, which are done with it, by its name. */
  private readonly alone: ReadonlyMap<string, Omit<ScanItem, "outputs">>;
  private readonly all: readonly Omit<ScanItem, "outputs">[];

  /** @param earlier - what an earlier run has recorded, by name */
  constructor(items: readonly TargetItem[], step: ScanStep, exported: ScanExport, earlier: ReadonlyMap<string, ImageRecord>) {
    this.step = step;
    this.exported = exported;
    this.earlier = earlier;
    const filesOf = ({ scan, name }: Pick<ScanItem, "scan" | "name">) => exported.filesOf(scan, earlier.get(name));
    const single = items.filter(isAlone);
    this.alone = new Map(single.map((item) => [item.name, scanItem(item.image.frame!.scan, [item])]));
    const own = items.map((item) => {
      const scan = this.alone.get(item.name);
      return scan ? { ...item, outputs: [...item.outputs, ...filesOf({ ...scan, name: item.name })] } : item;
    });
    this.pictures = own.filter(({ image }) => !image.frame);
    this.todo = withScans(own, (scan) => [...step.filesOf(scan), ...filesOf(scan)]);
    this.all = [...this.todo.filter(isScan), ...this.alone.values()];
  }

  /** What is to be said of the scans before any is written, each once. */
  get warnings(): ReadonlySet<string> {
    return new Set(this.all.flatMap(({ scan }) => this.exported.warningsOf(scan)));
  }

  /** Does an item, and writes the scan that is complete with it. @param segmentImage - the work on an image */
  async process(item: TargetItem | ScanItem, segmentImage: (image: TargetItem) => Promise<Outcome>): Promise<Outcome> {
    const made = isScan(item) ? await this.step.run(item) : await segmentImage(item);
    const scan = isScan(item) ? item : this.alone.get(item.name);
    if (!scan) return made;
    const { warnings, ...exported } = await this.exported.write(scan.scan, scan.name, scan.frames, this.earlier.get(scan.name)?.files);
    return { ...made, record: { ...made.record, ...exported }, warnings: [...made.warnings, ...warnings] };
  }

  /** Writes the files that all scans and pictures share. @returns them @param isDone - whether an item's results are there */
  async writeShared(isDone: (item: { readonly name: string }) => boolean): Promise<string[]> {
    const shared = await this.exported.writeShared(this.all.filter(isDone), this.pictures.filter(isDone));
    return shared.flatMap(({ files }) => files);
  }
}
