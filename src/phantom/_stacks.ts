import { type Mask, type MaskStack, setSlice } from "../image/index.ts";
import type { StructureFacts } from "./phantom.ts";

/** Voxels below which a structure is not said to be shown. */
const fewest = 4;

/** Collects the masks of structures slice by slice. */
export class StructureStacks {
  private readonly found = new Map<string, { mask: MaskStack; facts: StructureFacts; voxels: number }>();
  private readonly slices: number;

  constructor(slices: number) {
    this.slices = slices;
  }

  add(structure: string, slice: number, mask: Mask, facts: StructureFacts = {}): void {
    const voxels = mask.data.reduce((sum, value) => sum + value, 0);
    if (voxels === 0) return;
    let stack = this.found.get(structure);
    if (!stack) {
      const { width: columns, height: rows } = mask;
      const empty = { slices: this.slices, rows, columns, data: new Uint8Array(this.slices * rows * columns) };
      stack = { mask: empty, facts, voxels: 0 };
      this.found.set(structure, stack);
    }
    stack.voxels += voxels;
    setSlice(stack.mask, slice, mask);
  }

  /** Those that can be seen. */
  all(): ReadonlyMap<string, { readonly mask: MaskStack; readonly facts: StructureFacts }> {
    const seen = [...this.found].filter(([, { voxels }]) => voxels >= fewest);
    return new Map(seen.map(([name, { mask, facts }]) => [name, { mask, facts }]));
  }
}
