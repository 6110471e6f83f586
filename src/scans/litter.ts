/** What systems put into folders on their own; nobody misses it. */
export const litter = /^(\.DS_Store|\.localized|\._.*|Thumbs\.db|desktop\.ini|__MACOSX)$/i;
