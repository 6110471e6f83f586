export type { CheckpointInfo } from "./checkpoint-info.ts";
export { type ModelFolder, type ModelFolderOptions, openModelFolder } from "./model-folder.ts";
export { modelCard, onnxModel } from "./onnx-model.ts";
export { type PatchNetwork, patchNetwork } from "./patch-network.ts";
export { type ModelFold, openTrainedModel, type TrainedModel, type TrainedModelFiles } from "./trained-model.ts";
export { type FoldContent, writeFold, writeModelFolder } from "./write-model-folder.ts";
