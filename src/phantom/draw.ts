import { brainMri } from "./brain-mri.ts";
import { breastUltrasound } from "./breast-ultrasound.ts";
import { chestCt } from "./chest-ct.ts";
import { chestXray } from "./chest-xray.ts";
import type { Modality, Phantom } from "./phantom.ts";

/** Draws a scan of a modality, from the stream of random numbers of that name. */
type Scanner = (name: string, seed: number, size: number) => Phantom;

const scanners: Readonly<Record<Modality, Scanner>> = {
  "breast-ultrasound": breastUltrasound,
  "brain-mri": brainMri,
  "chest-xray": chestXray,
  "chest-ct": chestCt,
};

/**
 * Generates a synthetic scan (phantom) with known structure for every pixel: for tests, and to train image-text models.
 * It contains no patient data.
 *
 * @param index - index of the scan in the unlimited sequence of the seed; the same arguments give the same bytes
 * @param size - width and height in pixels
 */
export function phantom(modality: Modality, seed: number, index: number, size = 256): Phantom {
  return scanners[modality](`phantom/${modality}/${index}`, seed, size);
}
