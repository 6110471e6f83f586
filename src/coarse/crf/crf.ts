import { z } from "zod";
import { checkSameSize } from "../../check/pictures.ts";
import type { GrayImage, Image } from "../../image/index.ts";
import type { CutMask } from "../coarse-method.ts";
import { ExactKernel } from "./exact-kernel.ts";
import { positions, positionsAndColours } from "./features.ts";
import { type Kernel, NormalisedKernel } from "./normalised-kernel.ts";
import { PermutohedralLattice } from "./permutohedral-lattice.ts";

/** The defaults are those of the released script, and of the library that it calls. */
export const CrfSettings = z.strictObject({
  gaussianSxy: z
    .number()
    .positive()
    .default(5)
    .describe("distance within which neighbours are drawn to one label, in pixels (standard deviation)"),
  gaussianCompat: z.number().nonnegative().default(3).describe("weight of that pull"),
  bilateralSxy: z.number().positive().default(5).describe("the same distance for neighbours of similar colour, in pixels"),
  bilateralSrgb: z.number().positive().default(3).describe("how different similar colours are, in levels of 255 (standard deviation)"),
  bilateralCompat: z.number().nonnegative().default(5).describe("weight of the pull between neighbours of similar colour"),
  tau: z.number().positive().default(1.05).describe("τ, divides the energies that the saliency gives"),
  epsilon: z.number().positive().max(1).default(1e-8).describe("ε, added to the saliency before its logarithm"),
  crfIterations: z.number().int().min(1).max(100).default(1).describe("iterations of the mean field"),
  crfKernel: z
    .enum(["lattice", "exact"])
    .default("lattice")
    .describe("sums over pairs of pixels on a lattice, as the reference has them, or as they are written, which takes seconds per image"),
});
type CrfSettings = z.infer<typeof CrfSettings>;

/**
 * The pixels that a dense conditional random field with two labels calls foreground: the saliency, drawn to the edges of the image.
 *
 * @throws ShapeError when the map and the image differ in size
 */
export function crfMask(map: GrayImage, settings: CrfSettings, image: Image): CutMask {
  const { width, height } = map;
  const logits = crfLogits(map, settings, image);
  const data = new Uint8Array(logits.length);
  for (let i = 0; i < data.length; i++) data[i] = logits[i]! > 0 ? 1 : 0;
  return { width, height, data };
}

/**
 * Log-odds of the foreground after some iterations of the mean field, [H, W].
 *
 *   x ← u + Σ_k w_k K_k tanh(x / 2),   u = U_bg - U_fg,   x = u at the start
 *
 * With two labels of probabilities q and 1 - q, a Potts model only feels their difference, 2 q - 1 = tanh(x / 2), so that one value a pixel
 * is filtered. K_k are the normalised kernels of positions, and of positions and colours; a pixel counts as its own neighbour.
 *
 * @see Krähenbühl, Koltun 2011, arXiv:1210.5644, algorithm 1
 */
export function crfLogits(map: GrayImage, settings: CrfSettings, image: Image): Float32Array<ArrayBuffer> {
  checkSameSize("crf", { name: "map", ...map }, { name: "image", ...image });
  const ofLevel = Float32Array.from({ length: 256 }, (_, level) => unaryLogit(level / 255, settings));
  const unary = new Float32Array(map.data.length);
  for (let i = 0; i < unary.length; i++) unary[i] = ofLevel[map.data[i]!]!;
  const kernels = kernelsOf(image, settings);
  let logits = unary;
  for (let iteration = 0; iteration < settings.crfIterations; iteration++) {
    const signs = new Float32Array(logits.length);
    for (let i = 0; i < signs.length; i++) signs[i] = Math.tanh(logits[i]! / 2);
    const next = unary.slice();
    for (const { kernel, weight } of kernels) {
      const pull = kernel.filter(signs);
      for (let i = 0; i < next.length; i++) next[i]! += weight * pull[i]!;
    }
    logits = next;
  }
  return logits;
}

/** U_bg - U_fg of the saliency p: U = -ln(q + ε) / (τ σ(q)), with q = p for the foreground and 1 - p for the background. */
function unaryLogit(p: number, { tau, epsilon }: CrfSettings): number {
  const energy = (q: number) => (-Math.log(q + epsilon) * (1 + Math.exp(-q))) / tau;
  return energy(1 - p) - energy(p);
}

function kernelsOf(image: Image, settings: CrfSettings): { kernel: Kernel; weight: number }[] {
  const { gaussianSxy, gaussianCompat, bilateralSxy, bilateralSrgb, bilateralCompat, crfKernel } = settings;
  const isExact = crfKernel === "exact";
  const ofPlace = isExact ? new ExactKernel(image, { sxy: gaussianSxy }) : new PermutohedralLattice(positions(image, gaussianSxy), 2);
  const ofColour = isExact
    ? new ExactKernel(image, { sxy: bilateralSxy, srgb: bilateralSrgb })
    : new PermutohedralLattice(positionsAndColours(image, bilateralSxy, bilateralSrgb), 5);
  const size = image.width * image.height;
  return [
    { kernel: new NormalisedKernel(ofPlace, size), weight: gaussianCompat },
    { kernel: new NormalisedKernel(ofColour, size), weight: bilateralCompat },
  ];
}
