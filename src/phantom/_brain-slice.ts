import type { Shape } from "./_shapes.ts";

/** Tissues of a head, each with its own intensity. */
export type Tissue = "air" | "bone" | "marrow" | "fat" | "muscle" | "fluid" | "grey" | "white" | "enhanced";

/** A shape of one tissue, painted over what lies below it. */
export type Part = readonly [shape: Shape, tissue: Tissue, opacity?: number];

/** A region of the brain in which a tumour may lie; u is the distance from the midline where a slice has two sides. */
export interface Site {
  readonly name: "frontal" | "parietal" | "occipital" | "temporal";
  readonly u: readonly [low: number, high: number];
  readonly v: readonly [low: number, high: number];
}

/** The anatomy of one slice through a head about two units high. */
export interface BrainSlice {
  /** Whether the picture shows both halves, the patient's left at its right. */
  readonly hasSides: boolean;
  /** Units from the picture's middle to its edge when the head just fits, and the anatomy at the middle. */
  readonly extent: number;
  readonly middle: number;
  /** Face and neck beyond the ring of skull and scalp. */
  readonly face?: Shape | undefined;
  /** Inside of the skull. */
  readonly cavity: Shape;
  readonly brain: Shape;
  /** Below the skull's base and beside it: painted before the brain. */
  readonly outside: readonly Part[];
  /** Within the brain, from below to above. */
  readonly inside: readonly Part[];
  readonly ventricles: readonly Shape[];
  readonly sites: readonly Site[];
  /** Where the pituitary gland lies. */
  readonly sella?: { readonly u: number; readonly v: number } | undefined;
}
