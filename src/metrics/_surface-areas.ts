/** Millimetres between [slices, rows, columns]. */
export type VoxelSpacing = readonly [slice: number, row: number, column: number];

/**
 * The triangles of marching cubes, by how the eight voxels round a corner are set: their normals in eighths, as long as their area, along slices,
 * rows and columns. Bit 7 - (4 z + 2 y + x) is the voxel at (z, y, x). All 256 codes follow from these by turning, mirroring and exchanging in and out.
 *
 * @see Nikolov et al. 2018, arXiv:1809.04430; these areas are those of the authors' surface distance
 */
const cases: readonly (readonly [code: number, ...normals: readonly Normal[]])[] = [
  [0b00000001, [1, 1, 1]],
  [0b00000011, [2, 2, 0], [2, 2, 0]],
  [0b00000110, [1, 1, 1], [1, 1, 1]],
  [0b00000111, [1, 1, 1], [2, 2, 2], [4, 0, 0]],
  [0b00001111, [4, 0, 0], [4, 0, 0]],
  [0b00010110, [1, 1, 1], [1, 1, 1], [1, 1, 1]],
  [0b00010111, [1, 1, 1], [1, 1, 1], [2, 2, 2], [2, 2, 2]],
  [0b00011000, [1, 1, 1], [1, 1, 1]],
  [0b00011001, [0, 2, 2], [0, 2, 2], [1, 1, 1]],
  [0b00011011, [0, 2, 2], [1, 1, 1], [2, 0, 2], [3, 3, 3]],
  [0b00011110, [1, 1, 1], [1, 1, 1], [2, 2, 2], [4, 0, 0]],
  [0b00111100, [2, 2, 0], [2, 2, 0], [2, 2, 0], [2, 2, 0]],
  [0b01101001, [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]],
];
type Normal = readonly [slice: number, row: number, column: number];

const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** The area of surface that passes a corner, by the code of its eight voxels, [256]; 0 where all are alike. */
export function surfaceAreas(spacing: VoxelSpacing): Float64Array {
  const faces = [spacing[1] * spacing[2], spacing[0] * spacing[2], spacing[0] * spacing[1]] as const;
  const areas = new Float64Array(256);
  for (const [code, ...normals] of cases) {
    for (const order of orders) {
      // Normals move with their axes; mirroring changes signs alone.
      const turned = normals.map((normal) => Math.hypot(...order.map((axis, i) => (normal[axis]! / 8) * faces[i]!)));
      const area = turned.reduce((sum, value) => sum + value, 0);
      for (let mirrored = 0; mirrored < 8; mirrored++) {
        const found = moved(code, order, mirrored);
        areas[found] = area;
        areas[255 - found] = area;
      }
    }
  }
  return areas;
}

/** The code of the eight voxels with their axes in another order, some of them mirrored. */
function moved(code: number, order: readonly number[], mirrored: number): number {
  let found = 0;
  for (let place = 0; place < 8; place++) {
    const at = [place >> 2, (place >> 1) & 1, place & 1].map((side, axis) => side ^ ((mirrored >> axis) & 1));
    // Axis i of the result is axis order[i] of the case.
    const source = order.reduce((sum, axis, i) => sum | (at[i]! << (2 - axis)), 0);
    if ((code >> (7 - source)) & 1) found |= 1 << (7 - place);
  }
  return found;
}
