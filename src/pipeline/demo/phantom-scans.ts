import { areaPx, type Mask } from "../../image/index.ts";
import { type Modality, type Phantom, phantom, type StructureName } from "../../phantom/index.ts";
import { encodeGray } from "../../results/png.ts";
import type { DemoScan } from "./scan.ts";

/** A phantom to draw, and its text prompt. */
interface Request {
  readonly name: string;
  readonly title: string;
  readonly modality: Modality;
  readonly target: StructureName;
  readonly prompt: string;
}

const chestXray = { title: "Synthetic chest X-ray", modality: "chest-xray" } as const;

/** The three of the chest X-ray share one image: only the text prompt changes the mask. */
const requests: readonly Request[] = [
  {
    ...{ name: "ultrasound-tumor", title: "Synthetic breast ultrasound", modality: "breast-ultrasound", target: "lesion" },
    prompt: "A breast ultrasound showing a breast tumor",
  },
  {
    ...{ name: "mri-tumor", title: "Synthetic brain MRI", modality: "brain-mri", target: "tumor" },
    prompt: "A brain MRI showing the brain tumor",
  },
  { ...chestXray, name: "xray-left-lung", target: "left_lung", prompt: "A chest X-ray showing the left lung" },
  { ...chestXray, name: "xray-right-lung", target: "right_lung", prompt: "A chest X-ray showing the right lung" },
  { ...chestXray, name: "xray-heart", target: "heart", prompt: "A chest X-ray showing the heart" },
  {
    ...{ name: "ct-right-lung", title: "Synthetic chest CT", modality: "chest-ct", target: "right_lung" },
    prompt: "A chest CT showing the right lung",
  },
];

/** Targets cover at least a fortieth of the image, and the image is a full view, not a crop. */
const wholeViews: Readonly<Record<Modality, readonly StructureName[]>> = {
  "breast-ultrasound": [],
  "brain-mri": ["brain", "skull"],
  "chest-xray": ["left_lung", "right_lung", "heart"],
  "chest-ct": ["left_lung", "right_lung"],
};

/** Synthetic scans, for packs that bring no scans of their own. */
export async function phantomScans(seed: number): Promise<DemoScan[]> {
  return await Promise.all(
    requests.map(async ({ name, title, modality, target, prompt }) => {
      const { image, structures } = firstPhantom(modality, seed);
      const { mask } = structures.get(target)!;
      return { name, title, prompt, image: { bytes: await encodeGray(image), ending: "png" }, truth: mask };
    }),
  );
}

/** The first phantom of a seed that is a full view and shows all targets. */
function firstPhantom(modality: Modality, seed: number): Phantom {
  const targets = requests.filter((one) => one.modality === modality).map(({ target }) => target);
  const isLarge = (mask: Mask | undefined) => mask !== undefined && areaPx(mask) >= mask.data.length / 40;
  for (let index = 0; ; index++) {
    const drawn = phantom(modality, seed, index);
    const isWhole = wholeViews[modality].every((name) => isLarge(drawn.structures.get(name)?.mask));
    if (isWhole && targets.every((target) => drawn.structures.has(target))) return drawn;
  }
}
