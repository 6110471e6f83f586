import { ShapeError } from "../errors.ts";
import type { LabelMap } from "../image/class-maps.ts";
import type { Mask } from "../image/types.ts";
import type { IgnoreSettings } from "./settings.ts";

/** A pseudo-label whose doubtful pixels have the ignore label. */
export interface LabelWithIgnored {
  readonly labels: LabelMap;
  /** Share of the image's pixels that are ignored. */
  readonly ignoredFraction: number;
}

/**
 * The labels of a mask, 0 and 1, and the ignore label where fewer members than `memberAgreement` agree with it. Without members nothing is ignored.
 *
 * @param members - masks of several seeds or wordings
 * @param options.ignoreLabel - default 2, the value after the foreground, as nnU-Net expects it
 * @throws ShapeError when a member has another size
 */
export function ignoreDisagreement(
  mask: Mask,
  members: readonly Mask[],
  options: Pick<IgnoreSettings, "memberAgreement"> & { readonly ignoreLabel?: number },
): LabelWithIgnored {
  const { memberAgreement, ignoreLabel = 2 } = options;
  const { width, height } = mask;
  for (const member of members) {
    if (member.width !== width || member.height !== height)
      throw new ShapeError(
        `ignoreDisagreement: the members must have the size of the mask, ${width} x ${height}, got ${member.width} x ${member.height}.`,
      );
  }
  const data = new Int16Array(width * height);
  // Rounding must not ignore what lies on the limit: 0.8 of 5 members are 4.
  const needed = Math.ceil(memberAgreement * members.length - 1e-9);
  let ignored = 0;
  for (let i = 0; i < data.length; i++) {
    const label = mask.data[i]! > 0 ? 1 : 0;
    let agreeing = 0;
    for (const member of members) if (member.data[i]! > 0 === label > 0) agreeing++;
    data[i] = agreeing < needed ? ignoreLabel : label;
    if (agreeing < needed) ignored++;
  }
  return { labels: { kind: "labels", width, height, data }, ignoredFraction: ignored / data.length };
}
