export { type Enlarge, enlargeFor, type InputConfig, type SamInput, samInput, samVariants } from "./table.ts";
export type { SamVariant, Trained } from "./variant.ts";
