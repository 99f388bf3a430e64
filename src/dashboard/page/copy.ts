/** Whether it is in the clipboard now: a page that is not served by HTTPS, or from this machine, has none. */
export async function copied(text: string): Promise<boolean> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) return false;
  return await clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}

export const NO_CLIPBOARD = 'this browser does not let the page copy';
