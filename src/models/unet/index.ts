export type { UNetConfig, UNetStage } from "./config.ts";
export { firstNameOf, unetFamily, unetShapes } from "./names.ts";
export { type UNetOptions, type UNetOutputs, unet } from "./unet.ts";
