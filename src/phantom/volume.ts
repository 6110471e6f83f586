import { brainMriVolume } from "./brain-mri-volume.ts";
import { chestCtVolume } from "./chest-ct-volume.ts";
import type { PhantomVolume, VolumeModality, VolumeSize } from "./phantom-volume.ts";

const scanners: Readonly<Record<VolumeModality, (name: string, seed: number, size: VolumeSize) => PhantomVolume>> = {
  "brain-mri": brainMriVolume,
  "chest-ct": chestCtVolume,
};

/**
 * Draws a volume of one synthetic patient with known structure for every voxel. The same arguments give the same bytes; `phantom` of the same index
 * draws another patient.
 *
 * @param index - of the volume in the unlimited sequence of the seed
 */
export function phantomVolume(modality: VolumeModality, seed: number, index: number, size: VolumeSize): PhantomVolume {
  return scanners[modality](`phantom-volume/${modality}/${index}`, seed, size);
}
