export type { CheckpointInfo } from "./checkpoint-info.ts";
export { type ModelFold, type ModelFolder, type ModelFolderOptions, openModelFolder } from "./model-folder.ts";
export { modelCard, onnxModel } from "./onnx-model.ts";
export { type PatchNetwork, patchNetwork } from "./patch-network.ts";
export { type FoldContent, writeFold, writeModelFolder } from "./write-model-folder.ts";
