/** What the names of the convolutional branch's tensors begin with. */
export const denseRoot = "visual.dense";
