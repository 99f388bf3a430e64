/** All gauges of a scrape are read in one go, with nothing between: what several are read from is gathered once. */
export function oncePerScrape<T>(read: () => T): () => T {
  let gathered: { readonly value: T } | undefined;
  return () => {
    if (gathered === undefined) {
      gathered = { value: read() };
      queueMicrotask(() => (gathered = undefined));
    }
    return gathered.value;
  };
}
