import { InputError } from "../../../errors.ts";
import { columnOf, cosine, cross, determinant, length3, type Vector } from "../../vectors.ts";
import type { Placement } from "../image-source.ts";
import type { NiftiHeader } from "./header.ts";

/** A placement and how sure it is. */
export interface FoundPlacement {
  readonly placement: Placement;
  /** False where the header lacks a distance of columns or rows. In the placement 1 mm stands for a distance that is missing. */
  readonly hasSpacing: boolean;
  /** Axes of more than one voxel without a distance: 0 for columns, 1 for rows, 2 for slices. */
  readonly withoutDistance: readonly (0 | 1 | 2)[];
  /** Whether the file says how the image lies in the patient. */
  readonly hasOrientation: boolean;
  readonly warnings: readonly string[];
}

type Affine = Placement["affine"];
type Form = "sform" | "qform" | undefined;

/** Share by which a distance in `pixdim` may differ from that in the affine. */
const spacingTolerance = 1e-3;
/** Cosine between two axes from which they count as sheared. */
const shearTolerance = 1e-2;

/**
 * How the voxels of a file lie in the patient. The sform counts if its code is above 0, else the qform if its code is, else `pixdim` alone with
 * the x axis to the left and the grid's centre as origin, with a warning. Lengths are converted to millimetres; without a unit they are taken
 * as such, with a warning.
 *
 * @throws InputError when the qform is needed and its quaternion is longer than 1
 * @see nifti1.h, "3D IMAGE (VOLUME) ORIENTATION AND LOCATION IN SPACE"; nibabel agrees, but takes all lengths as millimetres
 */
export function placementOf(header: NiftiHeader, name: string): FoundPlacement {
  const warnings: string[] = [];
  const { factor, isUnitKnown } = unitOf(header, warnings);
  const distances = distancesOf(header, factor);
  const { affine, form } = affineOf(
    header,
    { distances: distances.map((value) => value ?? 1) as unknown as Vector, factor },
    name,
    warnings,
  );
  const axes = [0, 1, 2] as const;
  const spacing = axes.map((axis) => {
    const own = length3(columnOf(affine, axis));
    const told = distances[axis];
    if (form !== "sform" || (told !== undefined && Math.abs(told - own) <= spacingTolerance * own)) return told ?? 1;
    if (told !== undefined && lengthOf(header, axis) > 1)
      warnings.push(`pixdim says ${told} mm along ${"xyz"[axis]}, the sform ${round(own)} mm; the sform is used`);
    return own;
  });
  const sheared = [[0, 1] as const, [0, 2] as const, [1, 2] as const].filter(([i, k]) => {
    return lengthOf(header, k) > 1 && Math.abs(cosine(columnOf(affine, i), columnOf(affine, k))) > shearTolerance;
  });
  if (sheared.length > 0) warnings.push("its axes are not perpendicular (the sform is sheared)");
  const missing = form === "sform" ? [] : axes.filter((axis) => distances[axis] === undefined && lengthOf(header, axis) > 1);
  for (const axis of missing) warnings.push(`the distance of voxels along ${"xyz"[axis]} is not given (pixdim ${header.pixdim[axis + 1]})`);
  const placement: Placement = {
    affine,
    spacing: spacing as unknown as Placement["spacing"],
    qformCode: Math.max(header.qformCode, 0),
    sformCode: form === "sform" ? header.sformCode : 0,
    isUnitKnown,
  };
  return {
    placement,
    hasSpacing: missing.every((axis) => axis === 2),
    withoutDistance: missing,
    hasOrientation: form !== undefined,
    warnings,
  };
}

const lengthOf = ({ dim }: NiftiHeader, axis: number): number => dim[axis] ?? 1;

const round = (value: number): number => Number(value.toPrecision(6));

/** Millimetres of a unit of length, by its code. */
const units: ReadonlyMap<number, number> = new Map([
  [1, 1000],
  [2, 1],
  [3, 0.001],
]);

function unitOf({ xyztUnits }: NiftiHeader, warnings: string[]): { factor: number; isUnitKnown: boolean } {
  const code = xyztUnits & 7;
  const factor = units.get(code);
  if (factor === undefined)
    warnings.push(`its unit of length is ${code === 0 ? "not given" : `unknown (code ${code})`}; millimetres were assumed`);
  return { factor: factor ?? 1, isUnitKnown: factor !== undefined };
}

/** Distances of voxels in mm as `pixdim` tells them; undefined where it has no length. Its sign has no meaning. */
function distancesOf({ pixdim }: NiftiHeader, factor: number): (number | undefined)[] {
  return [1, 2, 3].map((axis) => {
    const distance = Math.abs(pixdim[axis]!) * factor;
    return Number.isFinite(distance) && distance > 0 ? distance : undefined;
  });
}

function affineOf(
  header: NiftiHeader,
  { distances, factor }: { readonly distances: Vector; readonly factor: number },
  name: string,
  warnings: string[],
): { affine: Affine; form: Form } {
  if (header.sformCode > 0) {
    const affine = sformAffine(header, distances, factor);
    if (affine) return { affine, form: "sform" };
    const instead = header.qformCode > 0 ? "the qform is used" : "it is not used";
    warnings.push(
      `its sform maps the image to no volume (code ${header.sformCode}, but a row or column of zeros, or no numbers); ${instead}`,
    );
  }
  if (header.qformCode > 0) return { affine: qformAffine(header, distances, factor, name), form: "qform" };
  warnings.push("how it lies in the patient is not given (sform and qform code 0): left, right, front and back are unknown");
  const centre = [0, 1, 2].map((axis) => ((lengthOf(header, axis) - 1) / 2) * distances[axis]!) as [number, number, number];
  const [dx, dy, dz] = distances;
  const affine: Affine = [
    [-dx, 0, 0, centre[0]],
    [0, dy, 0, -centre[1]],
    [0, 0, dz, -centre[2]],
  ];
  return { affine: withoutNegativeZeros(affine), form: undefined };
}

/** Undefined where it maps the grid to a plane or worse. */
function sformAffine({ srow, dim }: NiftiHeader, distances: Vector, factor: number): Affine | undefined {
  const rows = [0, 1, 2].map((i) => srow.slice(4 * i, 4 * i + 4).map((value) => value * factor)) as unknown as Affine;
  // Some programs leave the third axis of a single slice empty: its direction is the normal of the slice.
  const [x, y, z] = [columnOf(rows, 0), columnOf(rows, 1), columnOf(rows, 2)];
  const isFlat = (dim[2] ?? 1) === 1 && !(length3(z) > 0);
  const normal = cross(x, y);
  const third = isFlat ? (normal.map((value) => (value / length3(normal)) * distances[2]) as unknown as Vector) : z;
  const affine = rows.map(([a, b, , offset], i) => [a, b, third[i], offset]) as unknown as Affine;
  const volume = Math.abs(determinant(affine)) / (length3(x) * length3(y) * length3(third));
  return affine.flat().every(Number.isFinite) && volume > 1e-6 ? withoutNegativeZeros(affine) : undefined;
}

/** Squared length by which a quaternion may exceed 1, as its numbers are stored in float32. */
const quaternionTolerance = 1e-4;

function qformAffine({ quaternion, qoffset, pixdim }: NiftiHeader, distances: Vector, factor: number, name: string): Affine {
  let [b, c, d] = quaternion;
  const squares = b * b + c * c + d * d;
  if (!(squares <= 1 + quaternionTolerance) || !qoffset.every(Number.isFinite)) {
    throw new InputError(
      `"${name}": its qform is damaged: expected a quaternion (b, c, d) of length up to 1 and an offset in numbers, got (${quaternion.join(", ")}) and (${qoffset.join(", ")}).`,
    );
  }
  // A half turn: what rounding left of a is noise, as in the NIfTI library.
  let a = 0;
  if (1 - squares < 1e-7) [b, c, d] = [b, c, d].map((value) => value / Math.sqrt(squares)) as [number, number, number];
  else a = Math.sqrt(1 - squares);
  const qfac = pixdim[0]! < 0 ? -1 : 1;
  const [dx, dy, dz] = [distances[0], distances[1], distances[2] * qfac];
  const [x, y, z] = qoffset.map((value) => value * factor) as [number, number, number];
  return withoutNegativeZeros([
    [(a * a + b * b - c * c - d * d) * dx, 2 * (b * c - a * d) * dy, 2 * (b * d + a * c) * dz, x],
    [2 * (b * c + a * d) * dx, (a * a + c * c - b * b - d * d) * dy, 2 * (c * d - a * b) * dz, y],
    [2 * (b * d - a * c) * dx, 2 * (c * d + a * b) * dy, (a * a + d * d - b * b - c * c) * dz, z],
  ]);
}

/** -0 means nothing here, but would show in files and comparisons. */
const withoutNegativeZeros = (affine: Affine): Affine => affine.map((row) => row.map((value) => value + 0)) as unknown as Affine;
