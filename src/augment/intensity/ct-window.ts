import type { RandomStream } from "../../tensor/random.ts";
import { between, type Range } from "../ranges.ts";
import { checkPlanes, type Planes } from "../types.ts";

/** The part of the Hounsfield scale that is shown from black to white. */
export interface CtWindow {
  readonly centre: number;
  readonly width: number;
}

export interface WindowParameters {
  /** The window with which the image was rendered. */
  readonly from: CtWindow;
  readonly to: CtWindow;
}

/** Draws another window: `shift` moves the centre by a fraction of the width, `stretch` multiplies the width. */
export function drawWindow(
  u: RandomStream,
  { centre, width, shift, stretch }: CtWindow & { readonly shift: Range; readonly stretch: Range },
): WindowParameters {
  return {
    from: { centre, width },
    to: { centre: centre + width * between(shift, u.at(0)), width: width * between(stretch, u.at(1)) },
  };
}

/**
 * A CT image as another window would show it. Only for levels from 0 to 255: they are mapped back to Hounsfield units and rendered again.
 *
 * @remarks What the first window has clipped is lost: where the new one reaches farther, black turns to the gray of the first window's edge.
 */
export function changeWindow(image: Planes, { from, to }: WindowParameters): Planes {
  checkPlanes(image, "changeWindow");
  const data = image.data.slice();
  if (from.centre === to.centre && from.width === to.width) return { ...image, data };
  const gain = from.width / to.width;
  const offset = (255 * (from.centre - from.width / 2 - (to.centre - to.width / 2))) / to.width;
  for (let i = 0; i < data.length; i++) {
    const level = data[i]! * gain + offset;
    data[i] = level < 0 ? 0 : level > 255 ? 255 : level;
  }
  return { ...image, data };
}
