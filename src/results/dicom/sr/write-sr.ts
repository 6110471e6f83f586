import { join } from "node:path";
import { InputError } from "../../../errors.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { perScan, type ScanWriter, type Written } from "../../scan-writer.ts";
import { dicomResult, structureOf } from "../of-scan.ts";
import { segClasses } from "../seg/encode-seg.ts";
import { segOf } from "../seg/seg-of-scan.ts";
import { encodeSr, type Measured } from "./encode-sr.ts";
import { measureMask } from "./measure-mask.ts";

/**
 * Writes `sr/NAME.dcm`, a report of areas and diameters, and `sr/NAME_seg.dcm`, the segmentation that it refers to: a measurement without what was
 * measured cannot be checked.
 */
export const srWriter: ScanWriter = perScan(async (result, options): Promise<Written> => {
  const { scan, source, options: common } = await dicomResult(result, options, "a structured report (SR)");
  if (!scan.spacing)
    throw new InputError(`"${scan.name}": the size of its pixels is unknown, so areas and diameters are, too. Write dicom-seg or png.`);
  const seg = await segOf(result, { ...options, fractional: false, labelmap: false, keepEmpty: false }, common);
  if (!seg.bytes) return { files: [], messages: [...seg.messages, "no report was written: all masks are empty"] };
  const measured: Measured[] = [];
  for (const [i, { structure, source: frame }] of seg.frames.entries()) {
    const target = result.targets[structure!]!;
    const mask = await result.maskOf(target, frame);
    const measures = mask && measureMask(mask, scan.spacing);
    if (!measures) continue;
    const described = structureOf(target);
    const trackingUid = await common.uids(`tracking ${described.label}`);
    measured.push({ structure: described, measures, frame, segFrame: i + 1, trackingUid });
  }
  const reference = { classUid: segClasses.segmentation, instanceUid: seg.sopInstance, seriesUid: seg.seriesInstance };
  const bytes = await encodeSr(source, measured, reference, common);
  const files = [join(options.out, "sr", `${scan.name}.dcm`), join(options.out, "sr", `${scan.name}_seg.dcm`)] as const;
  await writeAtomic(files[1], seg.bytes);
  await writeAtomic(files[0], bytes);
  return { files, messages: seg.messages };
});
