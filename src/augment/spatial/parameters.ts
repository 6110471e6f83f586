/** What lies outside of an image: one value, or its edge pixels repeated. */
export type Border = number | "edge";

/** Rotation, scale, shift, elastic deformation and mirroring of a sample. */
export interface SpatialParameters {
  /** Radians by which the image's content turns clockwise. */
  readonly angle: number;
  /** Image pixels per pixel of the result: above 1 more is seen, and smaller. */
  readonly scale: number;
  /** How far the middle of the result lies from the image's middle, as fractions of the image's height and width. */
  readonly shift: readonly [y: number, x: number];
  readonly mirror: { readonly horizontal: boolean; readonly vertical: boolean };
  /**
   * A smooth random displacement, about normal at each pixel: its standard deviation as a fraction of the shorter side of the result, how
   * many lengths of correlation lie along a side, and the seed of the field.
   */
  readonly elastic: { readonly amplitude: number; readonly cells: number; readonly seed: number } | null;
  /** How images are interpolated: linear as in nnU-Net 2.8.1, or by an interpolating cubic spline as in 2.1.1. */
  readonly interpolation: "linear" | "cubic";
  /** What lies outside of the image: a value, or its edge pixels repeated. Masks are 0 there, or their edge is repeated, too. */
  readonly border: Border;
  /** Label outside of the image, unless its edge is repeated; nnU-Net: -1. */
  readonly labelBorder: number;
}
