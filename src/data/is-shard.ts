/** Whether a file of pairs is a WebDataset shard, by its name; otherwise it is a table. */
export const isShard = (file: string): boolean => file.toLowerCase().endsWith(".tar");
