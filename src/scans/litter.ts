/** Files that operating systems create in folders; ignored without a message. */
export const litter = /^(\.DS_Store|\.localized|\._.*|Thumbs\.db|desktop\.ini|__MACOSX)$/i;
