/** Control characters but tab and newline: what moves the cursor of a terminal, renames its window or answers for its user. */
const CONTROL = /[^\P{Cc}\t\n]/gu;

/**
 * Text as a terminal shows it and does nothing: what somebody called a user of a database, and what an engine or a kubelet
 * said, comes to whoever looks at it, who may have more rights.
 */
export function plain(text: string): string {
  return text.replaceAll(
    CONTROL,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
