/**
 * Makes the picture of the README: runs the demo, and shows each of its scans beside the saliency map, the mask and the ground truth.
 *
 *     npm run docs:picture
 *
 * `--pack NAME|DIR` takes another pack than the default one. The letters are those of the system's sans-serif font, so the bytes differ between machines.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { type Colour, type GrayImage, type Image, outline, overlay } from "../src/image/index.ts";
import { outlineColours } from "../src/pipeline/demo/outlines.ts";
import { type DemoResult, readDemo, verdict } from "../src/pipeline/demo/record.ts";
import { escaped } from "../src/report/html.ts";
import { runCommand } from "./pack-stages.ts";

const { values: flags } = parseArgs({
  options: {
    pack: { type: "string" },
    work: { type: "string", default: ".tmp/demo" },
    out: { type: "string", default: "docs/images/demo.webp" },
    command: { type: "string", default: "dist/cli/main.js" },
  },
});

/** Pixels, at twice the size at which a README shows them. */
const [columns, side, gap, textHeight, legendHeight] = [3, 272, 10, 38, 56];
const cell = { width: 2 * side, height: side + textHeight };
const ground: Colour = [20, 24, 30];
/** Width of an outline, and of its dark rim on each side. */
const [line, rim] = [3, 1.5];

await runCommand(flags.command, "demo", { out: flags.work, ...(flags.pack !== undefined && { pack: flags.pack }) });
const { scans } = await readDemo(flags.work);
const rows = Math.ceil(scans.length / columns);
const width = columns * (cell.width + gap) + gap;
const height = rows * (cell.height + gap) + gap + legendHeight;
const parts = await Promise.all(
  scans.map(async (scan, i) => {
    const [left, top] = [gap + (i % columns) * (cell.width + gap), gap + Math.floor(i / columns) * (cell.height + gap)];
    return [
      { input: await png(await rgbOf(join(flags.work, scan.image))), left, top },
      { input: await png(await found(scan)), left: left + side, top },
      { input: svg(cell.width, textHeight, captionOf(scan)), left, top: top + side },
    ];
  }),
);
const legend = { input: svg(width, legendHeight, legendText()), left: 0, top: height - legendHeight };
await sharp({ create: { width, height, channels: 3, background: css(ground) } })
  .composite([...parts.flat(), legend])
  .webp({ quality: 72, effort: 6 })
  .toFile(flags.out);
process.stdout.write(`${flags.out} shows ${scans.length} scans\n`);

/** The scan with the saliency map, and the outlines of ground truth and mask. */
async function found({ name, image, areaPx }: DemoResult): Promise<Image> {
  const scan = await rgbOf(join(flags.work, image));
  if (areaPx === null) return scan;
  const [map, mask, truth] = await Promise.all(
    ["saliency", "masks", "truth"].map((folder) => grayOf(join(flags.work, folder, `${name}.png`))),
  );
  const shown = overlay(scan, { saliency: map! });
  stroke(shown, truth!, outlineColours.truth);
  stroke(shown, mask!, outlineColours.mask);
  return shown;
}

/** Draws the outline of a mask, given in levels of gray, with a dark rim. */
function stroke({ width, height, data }: Image, levels: GrayImage, colour: Colour): void {
  const edge = outline({ width, height, data: levels.data.map((level) => (level > 127 ? 1 : 0)) });
  const reach = Math.ceil(line / 2 + rim);
  for (const [radius, paint, opacity] of [[line / 2 + rim, [0, 0, 0], 0.6] as const, [line / 2, colour, 1] as const]) {
    const hit = new Uint8Array(width * height);
    edge.data.forEach((value, i) => {
      if (value === 0) return;
      for (let dy = -reach; dy <= reach; dy++)
        for (let dx = -reach; dx <= reach; dx++) {
          const [x, y] = [(i % width) + dx, Math.floor(i / width) + dy];
          if (Math.hypot(dx, dy) <= radius && x >= 0 && y >= 0 && x < width && y < height) hit[y * width + x] = 1;
        }
    });
    hit.forEach((value, i) => {
      if (value === 0) return;
      for (let c = 0; c < 3; c++) data[3 * i + c] = Math.round(data[3 * i + c]! * (1 - opacity) + paint[c]! * opacity);
    });
  }
}

/** An image file in a square, with black beside it where it is narrower. */
function squareOf(file: string) {
  return sharp(file).resize(side, side, { fit: "contain", background: "#000" });
}

async function rgbOf(file: string): Promise<Image> {
  return { width: side, height: side, data: await squareOf(file).toColourspace("srgb").removeAlpha().raw().toBuffer() };
}

async function grayOf(file: string): Promise<GrayImage> {
  return { width: side, height: side, data: await squareOf(file).toColourspace("b-w").removeAlpha().raw().toBuffer() };
}

function png({ width, height, data }: Image): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

function captionOf(scan: DemoResult): string {
  const result = scan.truthAreaPx > 0 && scan.dsc !== null ? `DSC ${verdict(scan)}` : verdict(scan);
  const size = Math.min(24, Math.floor((cell.width - 190) / (0.56 * scan.prompt.length))); // a long text prompt must not reach the result
  return `${text(8, 27, size, `“${scan.prompt}”`)}${text(cell.width - 8, 27, 22, result, 'text-anchor="end" fill="#99a3b0"')}`;
}

function legendText(): string {
  const swatch = (x: number, colour: Colour, name: string) =>
    `<rect x="${x}" y="20" width="36" height="6" fill="${css(colour)}"/>${text(x + 46, 31, 22, name)}`;
  const heat = `<linearGradient id="heat"><stop offset="0" stop-color="#57106e"/><stop offset="0.5" stop-color="#e35933"/><stop offset="1" stop-color="#fac128"/></linearGradient>`;
  return `${heat}${swatch(gap + 8, outlineColours.mask, "mask")}${swatch(170, outlineColours.truth, "ground truth")}
<rect x="390" y="14" width="64" height="18" fill="url(#heat)"/>${text(464, 31, 22, "saliency map of the text")}
${text(width - gap - 8, 31, 22, "research use only, not a medical device", 'text-anchor="end" fill="#99a3b0"')}`;
}

function text(x: number, y: number, size: number, words: string, more = 'fill="#e4e8ee"'): string {
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="${size}" ${more}>${escaped(words)}</text>`;
}

function svg(width: number, height: number, body: string): Buffer {
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`);
}

function css(colour: Colour): string {
  return `rgb(${colour.join(",")})`;
}
