import { join } from "node:path";
import { encodeDicom } from "../../../dicom/write/encode-file.ts";
import { writeAtomic } from "../../../files/atomic-write.ts";
import { type Image, overlay } from "../../../image/index.ts";
import { frameName } from "../../png-scan.ts";
import { perScan, type ScanWriter, type Written } from "../../scan-writer.ts";
import { codeItem, equipment, lossyFlags, madeAt, newSeries, type ObjectOptions, patientAndStudy } from "../modules.ts";
import { dicomResult } from "../of-scan.ts";
import { referenceTo, type SourceFrame } from "../source.ts";

const secondaryCapture = "1.2.840.10008.5.1.4.1.1.7";

/** Writes `secondary-capture/NAME/0001.dcm`: the overlay of each frame in which a target is, as a picture for any viewer. */
export const scWriter: ScanWriter = perScan(async (result, options): Promise<Written> => {
  const { scan, source, options: common } = await dicomResult(result, options, "a Secondary Capture");
  const files: string[] = [];
  for (const [index, frame] of source.entries()) {
    const masks = await Promise.all(
      result.targets.map(async (target) => ({ colour: target.colour, mask: await result.maskOf(target, index) })),
    );
    const present = masks.flatMap(({ colour, mask }) => (mask?.data.some((value) => value !== 0) ? [{ colour, mask }] : []));
    if (present.length === 0) continue;
    const { image } = await (await scan.read(index)).display({ mode: "paper" });
    const file = join(options.out, "secondary-capture", scan.name, `${frameName(index)}.dcm`);
    await writeAtomic(file, await encodeSc(overlay(image, { masks: present }), frame, files.length + 1, common));
    files.push(file);
  }
  return { files, messages: files.length > 0 ? [] : ["no Secondary Capture was written: all masks are empty"] };
});

/**
 * A picture made of a frame, as a Secondary Capture; a small one is enlarged. No text is drawn into it; text that the source has burned in stays.
 *
 * @param number - of the picture in its series
 * @see DICOM PS3.3, A.8.1
 */
async function encodeSc(
  { width, height, data }: Image,
  frame: SourceFrame,
  number: number,
  options: ObjectOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { date, time } = madeAt([frame], options);
  const { header } = frame;
  return encodeDicom(
    { classUid: secondaryCapture, instanceUid: await options.uids(`object SC ${number}`) },
    {
      ImageType: ["DERIVED", "SECONDARY"],
      ConversionType: "WSD",
      InstanceCreationDate: date,
      InstanceCreationTime: time,
      ContentDate: date,
      ContentTime: time,
      ...patientAndStudy([frame], options),
      ...(await newSeries({ modality: "OT", number: 9004, description: "Overlay by medclip-sam" }, options)),
      SeriesDate: date,
      SeriesTime: time,
      Laterality: header.text("Laterality") ?? "", // may be empty, but not absent, of a part that can be paired
      InstanceNumber: number,
      ...equipment,
      PatientOrientation: [...header.texts("PatientOrientation")],
      BurnedInAnnotation: header.text("BurnedInAnnotation"),
      ...lossyFlags([frame]),
      DerivationDescription: "Outlines of masks drawn into the image",
      SourceImageSequence: [
        {
          ...referenceTo(frame),
          PurposeOfReferenceCodeSequence: [
            codeItem({ value: "121322", scheme: "DCM", meaning: "Source image for image processing operation" }),
          ],
        },
      ],
      SamplesPerPixel: 3,
      PhotometricInterpretation: "RGB",
      PlanarConfiguration: 0,
      Rows: height,
      Columns: width,
      BitsAllocated: 8,
      BitsStored: 8,
      HighBit: 7,
      PixelRepresentation: 0,
      PixelData: data,
    },
  );
}
