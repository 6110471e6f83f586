export type { Raster } from "./_raster.ts";
export { atLeast } from "./at-least.ts";
export { type BilinearOptions, bilinear } from "./bilinear.ts";
export { blankWarnings } from "./blank.ts";
export { boundsOf } from "./bounds.ts";
export { type ClassMaps, type LabelMap, largestClass, type MapKind, probabilitiesOf } from "./class-maps.ts";
export {
  areaPx,
  type Component,
  type ComponentFilter,
  type Connectivity,
  components,
  componentsWithin,
  keepComponents,
  type Labels,
  largestComponents,
  maskOf,
  meanSaliency,
  selectComponents,
  type Ties,
} from "./components.ts";
export { outerContours, outline } from "./contours.ts";
export { cutImage } from "./cut.ts";
export { type Dot, letterRows, lettersApart, textDots } from "./dot-text.ts";
export { grayOf } from "./gray.ts";
export { histogram } from "./histogram.ts";
export { minMax, rangeOf, toByte, toGray } from "./levels.ts";
export { dscOf, iouOf, type Overlap, overlap } from "./mask-overlap.ts";
export { type MaskRuns, maskOfRuns, runsOfMask } from "./mask-runs.ts";
export { opencvArea } from "./opencv-area.ts";
export { opencvCubic } from "./opencv-cubic.ts";
export { opencvLinear, opencvNearest, opencvNearestIndex } from "./opencv-resize.ts";
export { type Orientation, turnBack, turnUpright } from "./orientation.ts";
export { otsuThreshold } from "./otsu.ts";
export { type ColouredMask, type OverlayLayers, overlay } from "./overlay.ts";
export { type PillowFilter, pillowResize } from "./pillow-resize.ts";
export { clipView, type Fit, type MapWindow, partOfImage, placeMap, stretchMap } from "./place.ts";
export { rgbImage } from "./rgb.ts";
export { type LabelRule, skimageCubic, skimageLabels, skimageLinear } from "./skimage-resize.ts";
export { skimageStretch } from "./skimage-stretch.ts";
export { splineCoefficients, splineWeights } from "./spline.ts";
export { setSlice, sliceOf, stackOf } from "./stack.ts";
export { type TwoMeans, twoMeans } from "./two-means.ts";
export type { Box, Colour, GrayImage, Image, LabelledPoint, Mask, MaskStack, Point, SaliencyMap, Size } from "./types.ts";
