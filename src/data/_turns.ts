/** Lets so many pieces of work go on at once; the others wait, first come first served. */
export function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let arriving: (() => void)[] = [];
  let next: (() => void)[] = []; // last first: `pop` costs the same however many wait, `shift` does not
  let running = 0;
  return async (work) => {
    if (running < most) running++;
    else await new Promise<void>((resolve) => arriving.push(resolve)); // takes over the place of one that is done
    try {
      return await work();
    } finally {
      if (next.length === 0) [next, arriving] = [arriving.reverse(), []];
      const start = next.pop();
      if (start) start();
      else running--;
    }
  };
}
