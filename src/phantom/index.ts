export { Draws } from "./_draws.ts";
export { caption, phrasesOf, promptFor, structureCaption } from "./captions.ts";
export { phantom } from "./draw.ts";
export { type Modality, modalities, type Phantom, type Structure, type StructureFacts } from "./phantom.ts";
export { type PhantomVolume, type VolumeModality, type VolumeSize, volumeModalities } from "./phantom-volume.ts";
export { distractors, lesions, type StructureName, type StructureWords, structureNames, structuresOf, wordsOf } from "./structures.ts";
export { vocabulary } from "./vocabulary.ts";
export { phantomVolume } from "./volume.ts";
