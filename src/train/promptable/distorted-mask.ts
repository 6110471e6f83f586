import type { Box } from "../../image/index.ts";
import type { SquareSizes, TargetGrid } from "../../segment/index.ts";
import { uniform } from "../../tensor/random.ts";
import { heldBox, type PromptSource } from "./target-grid.ts";

/** Cells per side of the coarse grid: the patches of a ViT/16 at 224 pixels, the resolution of M2IB. */
const grid = 14;

/**
 * A simulated coarse mask: the fraction of each cell of a coarse grid covered by the ground truth, thresholded at a random level (low: too
 * large, high: too small), sometimes grown by a cell, and shifted by up to a cell along each axis.
 *
 * @param name - of the random numbers
 */
export function distorted(
  { truth, extent }: PromptSource,
  name: string,
  { side, cells, seed }: SquareSizes & { readonly seed: number },
): TargetGrid {
  const random = uniform(`train/distorted/${name}`, seed);
  const shares = coarseShares(truth.cells, cells);
  const largest = Math.max(...shares);
  const level = (0.05 + 0.65 * random.at(0)) * largest;
  const [dx, dy] = [shiftOf(random.at(1)), shiftOf(random.at(2))];
  const isGrown = random.at(3) < 1 / 4;
  const kept = (x: number, y: number): boolean => x >= 0 && y >= 0 && x < grid && y < grid && shares[y * grid + x]! >= level;
  const near = isGrown
    ? [
        [0, 0],
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ]
    : [[0, 0]]; // prettier-ignore
  const isInside = (x: number, y: number): boolean => near.some(([u, v]) => kept(x - dx + u!, y - dy + v!));
  const coarse = Uint8Array.from({ length: grid * grid }, (_, i) => (isInside(i % grid, Math.floor(i / grid)) ? 1 : 0));
  const bounds = boundsOf(coarse);
  if (!bounds) return truth; // moved out of the square
  // Saliency maps are smooth, so the edge of a mask can lie anywhere within a cell.
  const size = side / grid;
  const edge = (cell: number, i: number) => (cell + random.at(4 + i) - 0.5) * size;
  const box = { x0: edge(bounds.x0, 0), y0: edge(bounds.y0, 1), x1: edge(bounds.x1, 2), y1: edge(bounds.y1, 3) };
  const centre = (position: number) => Math.min(Math.floor(((position + 0.5) * grid) / cells), grid - 1);
  const fine = Uint8Array.from(truth.cells, (_, i) => coarse[centre(Math.floor(i / cells)) * grid + centre(i % cells)]!);
  return { box: heldBox(box, extent, truth.box), cells: fine.includes(1) ? fine : truth.cells };
}

/** -1, 0 or 1; 0 with probability 1/2. */
const shiftOf = (u: number): number => (u < 0.25 ? -1 : u < 0.75 ? 0 : 1);

/** How many of the fine cells in each coarse cell are set, [14, 14]. */
function coarseShares(cells: Uint8Array, across: number): Float64Array {
  const shares = new Float64Array(grid * grid);
  for (let i = 0; i < cells.length; i++) {
    if (cells[i] === 0) continue;
    const [x, y] = [i % across, Math.floor(i / across)].map((position) =>
      Math.min(Math.floor(((position + 0.5) * grid) / across), grid - 1),
    );
    shares[y! * grid + x!]!++;
  }
  return shares;
}

function boundsOf(coarse: Uint8Array): Box | undefined {
  const set = Array.from(coarse.keys()).filter((i) => coarse[i] === 1);
  if (set.length === 0) return undefined;
  const [xs, ys] = [set.map((i) => i % grid), set.map((i) => Math.floor(i / grid))];
  return { x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs) + 1, y1: Math.max(...ys) + 1 };
}
