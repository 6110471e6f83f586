import { components, type Mask } from "../../image/index.ts";

/**
 * A mask whose small holes are filled and whose small islands are dropped, with diagonal neighbours joined. If all islands are small, the largest
 * stays.
 *
 * @param least - area in pixels from which a hole or island counts
 * @returns the mask itself where nothing is small
 */
export function withoutSmallRegions(mask: Mask, least: number): Mask {
  return withoutIslands(withoutHoles(mask, least), least);
}

function withoutHoles(mask: Mask, least: number): Mask {
  const { data, components: holes } = components({ ...mask, data: mask.data.map((value) => 1 - value) });
  const small = new Set(holes.filter(({ areaPx }) => areaPx < least).map(({ label }) => label));
  if (small.size === 0) return mask;
  return { ...mask, data: mask.data.map((value, i) => (small.has(data[i]!) ? 1 : value)) };
}

function withoutIslands(mask: Mask, least: number): Mask {
  const { data, components: islands } = components(mask);
  const large = islands.filter(({ areaPx }) => areaPx >= least);
  if (large.length === islands.length) return mask;
  const largest = islands.reduce((most, island) => (island.areaPx > most.areaPx ? island : most));
  const kept = new Set((large.length > 0 ? large : [largest]).map(({ label }) => label));
  return { ...mask, data: mask.data.map((_, i) => (kept.has(data[i]!) ? 1 : 0)) };
}
