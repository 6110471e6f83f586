import type { AffineLps } from "./scan.ts";
import type { Placement } from "./sources/image-source.ts";

type AffineRas = Placement["affine"];

/** The same placement to the patient's right, anterior and superior, as NIfTI has it. */
export function rasOf([left, posterior, superior]: AffineLps): AffineRas {
  return [negated(left), negated(posterior), superior];
}

/** The same placement to the patient's left, posterior and superior, as DICOM has it. */
export function lpsOf([right, anterior, superior]: AffineRas): AffineLps {
  return [negated(right), negated(anterior), superior];
}

/** Without -0, which would show in files. */
const negated = ([a, b, c, d]: AffineLps[0]): AffineLps[0] => [0 - a, 0 - b, 0 - c, 0 - d];
