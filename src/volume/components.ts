import type { MaskStack } from "../image/index.ts";

/** One connected component of a stack of masks. */
export interface StackComponent {
  /** From 1, in the order of the first voxels. */
  readonly label: number;
  readonly voxels: number;
  /** Flat index of its first voxel: the leftmost of the top row of its first slice. */
  readonly firstIndex: number;
  /** Its first slice, and the one behind its last. */
  readonly slices: readonly [first: number, end: number];
  /** The mean of the numbers of its voxels. */
  readonly centroid: readonly [column: number, row: number, slice: number];
}

/** Which voxels belong together: those that share a face, or an edge or a corner too. */
export type StackConnectivity = 6 | 26;

/** The components of a stack; the stack itself is not copied. */
export interface StackComponents {
  readonly components: readonly StackComponent[];
  /** The mask of some of them. */
  maskOf(chosen: readonly StackComponent[]): MaskStack;
}

/**
 * The connected components of the non-zero voxels.
 *
 * 26-connected unless said otherwise, as masks of slices are 8-connected: an oblique vessel or the edge of a thin lung touches itself from
 * slice to slice by corners alone, the more so the thicker the slices are, and would fall apart under 6.
 *
 * Each row is cut into runs of foreground; a run joins those that it touches in the row above and in the rows of the slice before (union-find, the
 * earliest run is the root). Memory is proportional to the runs, not to the voxels: no volume of labels is made.
 *
 * @see image/components.ts for the same in a plane
 */
export function stackComponents(stack: MaskStack, connectivity: StackConnectivity = 26): StackComponents {
  const { slices, rows, columns } = stack;
  const runs = runsOf(stack);
  const root = Int32Array.from({ length: runs.count }, (_, run) => run);
  const find = (run: number): number => {
    let at = run;
    while (root[at] !== at) {
      root[at] = root[root[at]!]!; // halve the path on the way up
      at = root[at]!;
    }
    return at;
  };
  const reach = connectivity === 26 ? 1 : 0;
  /** Joins the touching runs of two rows. */
  const join = (row: number, other: number): void => {
    let before = runs.row[other]!;
    const end = runs.row[other + 1]!;
    for (let run = runs.row[row]!; run < runs.row[row + 1]!; run++) {
      while (before < end && runs.end[before]! + reach <= runs.start[run]!) before++;
      for (let each = before; each < end && runs.start[each]! < runs.end[run]! + reach; each++) {
        const [a, b] = [find(run), find(each)];
        root[Math.max(a, b)] = Math.min(a, b);
      }
    }
  };
  for (let slice = 0, row = 0; slice < slices; slice++) {
    for (let y = 0; y < rows; y++, row++) {
      if (runs.row[row] === runs.row[row + 1]) continue;
      if (y > 0) join(row, row - 1);
      if (slice === 0) continue;
      for (let dy = y > 0 ? -reach : 0; dy <= (y < rows - 1 ? reach : 0); dy++) join(row, row - rows + dy);
    }
  }
  const found: Found[] = [];
  const labelOf = new Int32Array(runs.count);
  for (let row = 0; row < slices * rows; row++) {
    const slice = Math.floor(row / rows);
    for (let run = runs.row[row]!; run < runs.row[row + 1]!; run++) {
      const first = find(run);
      if (first === run)
        found.push({
          label: found.length + 1,
          voxels: 0,
          firstIndex: row * columns + runs.start[run]!,
          slices: [slice, slice + 1],
          centroid: [0, 0, 0],
        });
      labelOf[run] = first === run ? found.length : labelOf[first]!;
      const component = found[labelOf[run]! - 1]!;
      const [start, end] = [runs.start[run]!, runs.end[run]!];
      const length = end - start;
      component.voxels += length;
      component.slices[1] = slice + 1;
      component.centroid[0] += (length * (start + end - 1)) / 2; // sums, until all runs are counted
      component.centroid[1] += length * (row % rows);
      component.centroid[2] += length * slice;
    }
  }
  for (const { centroid, voxels } of found) for (const axis of [0, 1, 2] as const) centroid[axis] /= voxels;
  return {
    components: found,
    maskOf: (chosen) => {
      const isChosen = new Uint8Array(found.length + 1);
      for (const { label } of chosen) isChosen[label] = 1;
      const data = new Uint8Array(stack.data.length);
      for (let row = 0; row < slices * rows; row++) {
        for (let run = runs.row[row]!; run < runs.row[row + 1]!; run++) {
          if (isChosen[labelOf[run]!] === 1) data.fill(1, row * columns + runs.start[run]!, row * columns + runs.end[run]!);
        }
      }
      return { slices, rows, columns, data };
    },
  };
}

/** The mask reduced to its `keep` largest components; of equal ones the first stays. An empty mask stays empty. */
export function keepLargestComponents(stack: MaskStack, keep: number, connectivity: StackConnectivity = 26): MaskStack {
  const all = stackComponents(stack, connectivity);
  const bySize = all.components.toSorted((a, b) => b.voxels - a.voxels || a.firstIndex - b.firstIndex);
  return all.maskOf(bySize.slice(0, keep));
}

/** A component that is still being added up. */
interface Found {
  readonly label: number;
  voxels: number;
  readonly firstIndex: number;
  readonly slices: [first: number, end: number];
  readonly centroid: [column: number, row: number, slice: number];
}

/** Runs of foreground in raster order: columns [start, end); those of a row (counted over all slices) are row[i] up to row[i + 1]. */
function runsOf({ slices, rows, columns, data }: MaskStack): { count: number; row: Int32Array; start: Int32Array; end: Int32Array } {
  const row = new Int32Array(slices * rows + 1);
  let count = 0;
  for (let y = 0, i = 0; y < slices * rows; y++) {
    for (let x = 0, before = 0; x < columns; x++, i++) {
      const value = data[i]!;
      if (value !== 0 && before === 0) count++;
      before = value;
    }
    row[y + 1] = count;
  }
  const [start, end] = [new Int32Array(count), new Int32Array(count)];
  for (let y = 0, run = -1; y < slices * rows; y++) {
    if (row[y] === row[y + 1]) continue;
    for (let x = 0, i = y * columns, before = 0; x < columns; x++, i++) {
      const value = data[i]!;
      if (value !== 0) {
        if (before === 0) start[++run] = x;
        end[run] = x + 1;
      }
      before = value;
    }
  }
  return { count, row, start, end };
}
