import { InputError } from "../errors.ts";
import type { MaskStack } from "../image/types.ts";
import { type AxisCodes, axisCodes, reorder } from "./axes.ts";
import type { Placement } from "./sources/image-source.ts";
import { columnOf, length3 } from "./vectors.ts";

/** How the voxels of a volume lie in the patient. */
export interface VolumeGrid {
  readonly shape: readonly [x: number, y: number, z: number];
  readonly placement: Placement;
  /** Whether the file says how it lies in the patient. */
  readonly hasOrientation: boolean;
}

/** A mask on the grid of a file. */
export interface MaskVolume {
  /** Slices, rows and columns are the file's third, second and first axis. */
  readonly stack: MaskStack;
  readonly grid: VolumeGrid;
  /** Without the file name. */
  readonly warnings: readonly string[];
}

/** How far two corners of one grid may lie apart, as a share of its smallest voxel side, because headers hold float32. */
const cornerTolerance = 0.01;

/**
 * A mask with its voxels in the order of another grid, whose place in the patient it must have: axes are exchanged and turned round, nothing is
 * resampled. If either file does not say how it lies, voxels of equal shape and spacing are taken in the order of the files, with a warning.
 *
 * @throws InputError that says how the grids differ
 */
export function ontoGrid(volume: MaskVolume, target: VolumeGrid, name: string): MaskVolume {
  const { stack, grid, warnings } = volume;
  if (!grid.hasOrientation || !target.hasOrientation) {
    const isAlike = ([0, 1, 2] as const).every(
      (axis) =>
        grid.shape[axis] === target.shape[axis] &&
        Math.abs(grid.placement.spacing[axis] - target.placement.spacing[axis]) <= cornerTolerance * target.placement.spacing[axis],
    );
    if (!isAlike) throw otherGrid(name, grid, target, "and one file does not say how it lies in the patient");
    return {
      ...volume,
      grid: target,
      warnings: [...warnings, "how a file lies in the patient is not given: voxels were compared in the order of the files"],
    };
  }
  const [from, to] = [axisCodes(grid.placement), axisCodes(target.placement)];
  // Axes that lie between two of the patient's may have other names in two files of one grid: as they are comes first.
  if (sameShape(grid.shape, target.shape) && isNear(apart(grid, target, from, from), target)) return volume;
  const { shape, data } = reorder({ shape: grid.shape, data: stack.data }, from, to);
  if (!sameShape(shape, target.shape)) throw otherGrid(name, grid, target);
  const most = apart(grid, target, from, to);
  if (!isNear(most, target)) throw otherGrid(name, grid, target, `their corners lie up to ${Number(most.toPrecision(3))} mm apart`);
  return { stack: { slices: shape[2], rows: shape[1], columns: shape[0], data }, grid: target, warnings };
}

const sameShape = (a: VolumeGrid["shape"], b: VolumeGrid["shape"]): boolean => a.every((length, axis) => length === b[axis]);

/** The largest distance of a corner in one grid from that in the other, in millimetres, when axes are reordered `from` its own `to` others. */
function apart(grid: VolumeGrid, target: VolumeGrid, from: AxisCodes, to: AxisCodes): number {
  const source = to.map((direction) => from.findIndex((own) => own === direction || own === opposite[direction]));
  const corners = Array.from({ length: 8 }, (_, corner) => [0, 1, 2].map((axis) => ((corner >> axis) & 1) * (target.shape[axis]! - 1)));
  const distances = corners.map((corner) => {
    const own = [0, 0, 0]; // the same corner in the order of the mask's own file
    for (const [axis, direction] of to.entries()) {
      const isTurned = from[source[axis]!] !== direction;
      own[source[axis]!] = isTurned ? target.shape[axis]! - 1 - corner[axis]! : corner[axis]!;
    }
    return distance(placeOf(grid.placement, own), placeOf(target.placement, corner));
  });
  return Math.max(...distances);
}

function isNear(mm: number, { placement }: VolumeGrid): boolean {
  return mm <= cornerTolerance * Math.min(...([0, 1, 2] as const).map((axis) => length3(columnOf(placement.affine, axis))));
}

const opposite = { R: "L", L: "R", A: "P", P: "A", S: "I", I: "S" } as const;

const placeOf = ({ affine }: Placement, [x, y, z]: readonly number[]): number[] =>
  affine.map(([a, b, c, offset]) => a * x! + b * y! + c * z! + offset);

const distance = (a: readonly number[], b: readonly number[]): number => Math.hypot(...a.map((value, axis) => value - b[axis]!));

function otherGrid(name: string, own: VolumeGrid, target: VolumeGrid, detail?: string): InputError {
  const written = ({ shape, placement, hasOrientation }: VolumeGrid): string => {
    const spacing = placement.spacing.map((value) => Number(value.toPrecision(4))).join(" x ");
    return `${shape.join(" x ")} voxels of ${spacing} mm${hasOrientation ? `, axes to ${axisCodes(placement).join("")}` : ""}`;
  };
  return new InputError(
    `"${name}" lies on another grid than the ground truth: ${written(own)}, the ground truth ${written(target)}${detail === undefined ? "" : `; ${detail}`}. Nothing is resampled: bring it onto the grid of the ground truth first.`,
  );
}
