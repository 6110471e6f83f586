import { join } from "node:path";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { perScan, type ScanWriter } from "../../scan-writer.ts";
import { segOf } from "./seg-of-scan.ts";

/** Writes `dicom-seg/NAME.dcm`: one segmentation object for all targets. */
export const segWriter: ScanWriter = perScan(async (result, options) => {
  const { bytes, messages } = await segOf(result, options);
  if (!bytes)
    return { files: [], messages: [...messages, "no segmentation was written: all its masks are empty (convert --keep-empty writes it)"] };
  const file = join(options.out, "dicom-seg", `${result.scan.name}.dcm`);
  await writeAtomic(file, bytes);
  return { files: [file], messages };
});
