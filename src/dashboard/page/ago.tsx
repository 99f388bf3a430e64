import { signal } from '@preact/signals';

const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 20_000);

/** `3h ago`, with the instant behind it. */
export function Ago({ at }: { at: string | undefined }) {
  const ms = Date.parse(at ?? '');
  if (at === undefined || Number.isNaN(ms)) return <>–</>;
  return (
    <time dateTime={at} title={new Date(ms).toLocaleString()}>
      {wordsOf(ms - Math.max(now.value, Date.now()))}
    </time>
  );
}

function wordsOf(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const text =
    seconds < 60
      ? `${seconds}s`
      : seconds < 3600
        ? `${Math.floor(seconds / 60)}m`
        : seconds < 86_400
          ? `${Math.floor(seconds / 3600)}h`
          : `${Math.floor(seconds / 86_400)}d`;
  return ms > 0 ? `in ${text}` : `${text} ago`;
}
