import { firstNotFinite } from "../check/numbers.ts";
import { InputError, ShapeError } from "../errors.ts";
import type { ClassMaps } from "../image/class-maps.ts";
import type { Size } from "../image/types.ts";

/** What maps of one image have in common. */
export interface MapShape extends Size {
  /** Number of classes, or of regions. */
  readonly count: number;
  readonly areExclusive: boolean;
}

/** @throws ShapeError when two pictures cannot be compared pixel by pixel */
export function expectSameSize(where: string, name: string, given: Size, expected: Size): void {
  if (given.width === expected.width && given.height === expected.height) return;
  throw new ShapeError(
    `${where}: expected ${name} of ${expected.width} x ${expected.height} pixels, got ${given.width} x ${given.height}.`,
  );
}

/** @throws ShapeError when maps are not of this shape; InputError when a value is not a number, which would spoil every mean it enters */
export function expectMaps(where: string, maps: ClassMaps, shape: MapShape): void {
  expectSameSize(where, "maps", maps, shape);
  if (maps.count !== shape.count || maps.areExclusive !== shape.areExclusive)
    throw new ShapeError(
      `${where}: expected maps of ${described(shape)}, got ${described(maps)}. Do all members come from networks with the same labels?`,
    );
  const expected = shape.count * shape.width * shape.height;
  if (maps.data.length !== expected) throw new ShapeError(`${where}: expected ${expected} values, got ${maps.data.length}.`);
  const wrong = firstNotFinite(maps.data);
  if (wrong >= 0) throw new InputError(`${where}: the maps must hold finite numbers, got ${maps.data[wrong]} at ${wrong}.`);
}

const described = ({ count, areExclusive }: MapShape): string => `${count} ${areExclusive ? "classes" : "regions"}`;
