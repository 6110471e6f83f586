/**
 * The gradient of a convolution with respect to its weights, as matrix products. It is a convolution of x with dy, too, but one with
 * kernels as large as the picture, for which the runtime is several times slower.
 *
 *   dw[o, c, j] = Σ_b Σ_p dy[b, o, p] · x[b, c, p · stride + j · dilation - padding]
 *
 * Which form is fastest depends on the size. Measured on 2 cores (AMD Zen 5) in GFLOP/s, batch 4, kernels of 3 x 3:
 *
 *   channels, positions, stride    convolution   products by tap   folded   by phase
 *   32 > 32,    256 x 256, 1            39            102            -         -
 *   64 > 64,    128 x 128, 1            74          139-198          -         -
 *   128 > 128,  64 x 64, 1             111            270           222        -
 *   256 > 256,  32 x 32, 1             130            316           295        -
 *   512 > 512,  16 x 16, 1             154            273           319        -
 *   512 > 512,  8 x 8, 1               142            137           225        -
 *   32 > 64,    128 x 128, 2            56             34            30        75
 *   64 > 128,   64 x 64, 2              91             71            68       125
 *   128 > 256,  32 x 32, 2             120            200           185       165
 *   256 > 512,  16 x 16, 2             137            216           250       116
 *
 * By shift takes less processor time than by tap where pictures are large: 0.58 of it for 32 > 32 at 256 x 256, 0.50 for 64 > 32 there, 0.65 for
 * 64 > 64 at 128 x 128, 0.71 for 128 > 128 at 64 x 64, 0.81 for 256 > 256 at 32 x 32 (minima of five on a busy machine). Its copies of x and dy are
 * fewer, which also takes less memory.
 *
 * By rows takes still less of it where dy has few channels (Intel, minima of four): 0.92 for 16 > 16 at 192 x 192, 0.78 for 32 > 32 at 256 x 256, 0.74 for
 * 32 > 32 at 96 x 96; with 64 channels and more it gains nothing. For the single channel of an image, 1 > 16 at 192 x 192, `ofFew` takes 0.22.
 */
import { sizeOf } from "../../tensor/tensor.ts";
import { scalar, type Value } from "../value.ts";
import { reachOf, sidesOf, type Window } from "./_window.ts";
import { matmul } from "./algebra.ts";
import { after } from "./elementwise.ts";
import { concat, crop, expand, reduceSum, reframe, reshape, slice, spaceToDepth, swapLast, transpose } from "./movement.ts";

type Form = (x: Value, dy: Value, window: Window) => Value;

/**
 * @param x - [B, C, H, W] what the window moved over
 * @param dy - [B, O, h, w] the gradient at each position of the window
 * @returns [O, C, kh, kw]
 */
export const weightGradient: Form = (x, dy, window) => weightGradientForms[formOf(x, dy, window)](x, dy, window);

/** All forms give the same; `byShift` and `byRows` are for strides of 1, `byPhase` for strides that are the same for both axes. */
export const weightGradientForms = { byTap, byShift, byRows, ofFew, folded, byPhase } satisfies Record<string, Form>;

/** The fastest form for the size of a window and the number of positions, as measured. */
function formOf(x: Value, dy: Value, { kernel, stride, dilation }: Window): keyof typeof weightGradientForms {
  const side = Math.sqrt(sizeOf(sidesOf(dy.shape)));
  const isDense = dilation[0] === 1 && dilation[1] === 1;
  const isEven = stride[0] === stride[1] && stride[0] > 1;
  const isTiled = kernel[0] === stride[0] && kernel[1] === stride[1];
  if (isDense && isEven && (side >= 64 || isTiled)) return "byPhase";
  const [channels, out] = [x.shape[1]!, dy.shape[1]!];
  if (stride[0] === 1 && stride[1] === 1 && side > 16) return channels * kernel[1] <= out ? "ofFew" : stepForm(dy);
  return side > 16 ? "byTap" : "folded";
}

/** Of the forms for strides of 1, the faster one. */
function stepForm({ shape }: Value): "byRows" | "byShift" {
  return shape[1]! < 64 ? "byRows" : "byShift";
}

/** x with its border, up to the last element that the window reads. */
function read(x: Value, dy: Value, window: Window): Value {
  const reach = reachOf(window);
  return framed(
    x,
    dy,
    window,
    sidesOf(dy.shape).map((count, i) => (count - 1) * window.stride[i]! + reach[i]!),
  );
}

/** x with the window's border before it (made once dy is known), and as much of it or of zeros behind it as makes it so long. */
function framed(x: Value, dy: Value, { padding }: Window, lengths: readonly number[]): Value {
  const missing = sidesOf(x.shape).map((side, i) => Math.max(0, lengths[i]! - padding[i]! - side));
  const padded = reframe(x, [0, 0, ...padding], [0, 0, ...missing], after(scalar(0, x.dtype), dy));
  return crop(padded, [0, 0, 0, 0], [...x.shape.slice(0, 2), ...lengths]);
}

/** The elements of x [..., H, W] along one axis of the picture that the window's j-th row or column meets at each position. */
function met(x: Value, axis: 0 | 1, j: number, count: number, { stride, dilation }: Window): Value {
  const start = j * dilation[axis];
  return slice(x, x.shape.length - 2 + axis, start, start + (count - 1) * stride[axis] + 1, stride[axis]);
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** Each element of the window by itself: a product [O, positions] · [positions, C] for each picture. */
function byTap(x: Value, dy: Value, window: Window): Value {
  const padded = read(x, dy, window);
  const [batch, out, height, width] = dy.shape as [number, number, number, number];
  const [channels, [kh, kw]] = [x.shape[1]!, window.kernel];
  const g = reshape(dy, [batch, out, height * width]);
  const taps = range(kh).flatMap((j) => {
    const rows = met(padded, 0, j, height, window);
    return range(kw).map((i) => reshape(met(rows, 1, i, width, window), [batch, channels, height * width]));
  });
  const products = taps.map((tap) => reshape(reduceSum(matmul(g, swapLast(tap)), [0]), [1, out, channels]));
  return reshape(transpose(concat(products, 0), [1, 2, 0]), [out, channels, kh, kw]);
}

/**
 * For strides of 1. Row j and column i of the window meet x[y + j, x + i] at dy[y, x], which are also dy moved down by j and x moved left by i. So both
 * are moved, dy along whole rows only, and lie as they are: no windows are cut out. One product a column gives all rows.
 */
function byShift(x: Value, dy: Value, { kernel: [kh, kw], padding, dilation }: Window): Value {
  const [batch, out, height, width] = dy.shape as [number, number, number, number];
  const [, channels, fullHeight, fullWidth] = x.shape as [number, number, number, number];
  const positions = fullHeight * width;
  // Copies of x are made once dy is known, not before the backward pass.
  const zero = after(scalar(0, x.dtype), dy);
  const moved = range(kh).map((j) => {
    const before = j * dilation[0] - padding[0];
    const behind = fullHeight - height - before;
    return reframe(reshape(dy, [batch, out, height * width]), [0, 0, before * width], [0, 0, behind * width]); // [B, O, positions]
  });
  const rows = concat(moved, 1); // [B, kh O, positions]: many rows make a product fast
  const products = range(kw).map((i) => {
    const before = padding[1] - i * dilation[1];
    const columns = reframe(x, [0, 0, 0, before], [0, 0, 0, width - fullWidth - before], zero); // [B, C, H, w]
    const flat = swapLast(reshape(columns, [batch, channels, positions]));
    return reshape(reduceSum(matmul(rows, flat), [0]), [1, kh, out, channels]);
  });
  return transpose(concat(products, 0), [2, 3, 1, 0]); // [kw, kh, O, C] to [O, C, kh, kw]
}

/**
 * The same where dy has few channels and the picture is large: all of its copies are written at once, with zeros between them, so that each lies a
 * row further down than the one before when the whole is read as kh rows.
 */
function byRows(x: Value, dy: Value, { kernel: [kh, kw], padding, dilation }: Window): Value {
  const [batch, out, height, width] = dy.shape as [number, number, number, number];
  const [, channels, fullHeight, fullWidth] = x.shape as [number, number, number, number];
  const frame = height + (kh - 1) * dilation[0]; // rows of x and of its border that are read
  const zero = after(scalar(0, x.dtype), dy);
  const flat = reshape(dy, [batch, out, height * width]);
  const gap = expand(zero, [batch, out, kh * dilation[0] * width]);
  const copies = concat(
    range(2 * kh - 1).map((k) => (k % 2 === 0 ? flat : gap)),
    2,
  );
  const rows = reshape(copies, [batch, out * kh, frame * width]);
  const products = range(kw).map((i) => {
    const before = padding[1] - i * dilation[1];
    const behind = [frame - fullHeight - padding[0], width - fullWidth - before] as const;
    const columns = reframe(x, [0, 0, padding[0], before], [0, 0, ...behind], zero); // [B, C, frame, w]
    const product = matmul(rows, swapLast(reshape(columns, [batch, channels, frame * width])));
    return reshape(reduceSum(product, [0]), [out, kh, channels, 1]);
  });
  return transpose(concat(products, 3), [0, 2, 1, 3]); // [O, kh, C, kw] to [O, C, kh, kw]
}

/** Of few channels, such as those of an image: all that the window meets is cut out of x, and dy is read as it is. */
function ofFew(x: Value, dy: Value, window: Window): Value {
  const padded = read(x, dy, window);
  const [batch, out, height, width] = dy.shape as [number, number, number, number];
  const [channels, [kh, kw]] = [x.shape[1]!, window.kernel];
  const positions = height * width;
  const taps = range(kh).flatMap((j) => {
    const rows = met(padded, 0, j, height, window);
    return range(kw).map((i) => reshape(met(rows, 1, i, width, window), [batch, channels, positions]));
  });
  const product = reduceSum(matmul(reshape(dy, [batch, out, positions]), swapLast(concat(taps, 1))), [0]); // [O, kh kw C]
  return transpose(reshape(product, [out, kh, kw, channels]), [0, 3, 1, 2]);
}

/** All at once: a product [O, B positions] · [B positions, kh kw C]. It takes memory, so it is for small pictures. */
function folded(x: Value, dy: Value, window: Window): Value {
  const padded = read(x, dy, window);
  const [batch, out, height, width] = dy.shape as [number, number, number, number];
  const [channels, [kh, kw]] = [x.shape[1]!, window.kernel];
  const positions = batch * height * width;
  const [g, byChannel] = [dy, padded].map((value) => transpose(value, [1, 0, 2, 3])) as [Value, Value];
  const taps = range(kh).flatMap((j) => {
    const rows = met(byChannel, 0, j, height, window);
    return range(kw).map((i) => reshape(met(rows, 1, i, width, window), [channels, positions]));
  });
  const product = matmul(reshape(g, [out, positions]), swapLast(concat(taps, 0))); // [O, kh kw C]
  return reshape(transpose(reshape(product, [out, kh * kw, channels]), [0, 2, 1]), [out, channels, kh, kw]);
}

/** A stride s without strided reads: the s² phases of x become channels, over which a window of ⌈k / s⌉ moves step by step. */
function byPhase(x: Value, dy: Value, window: Window): Value {
  const [step] = window.stride;
  const kernel = window.kernel.map((length) => Math.ceil(length / step)) as [number, number];
  const lengths = sidesOf(dy.shape).map((count, i) => step * (count + kernel[i]! - 1));
  const phases = spaceToDepth(framed(x, dy, window, lengths), step); // [B, s s C, ...]
  const dw = weightGradientForms[stepForm(dy)](phases, dy, { kernel, stride: [1, 1], padding: [0, 0], dilation: [1, 1] }); // [O, s s C, kh / s, kw / s]
  const [out, channels] = [dy.shape[1]!, x.shape[1]!];
  const apart = transpose(reshape(dw, [out, step, step, channels, ...kernel]), [0, 3, 4, 1, 5, 2]); // [O, C, kh / s, s, kw / s, s]
  return crop(reshape(apart, [out, channels, kernel[0] * step, kernel[1] * step]), [0, 0, 0, 0], [out, channels, ...window.kernel]);
}
