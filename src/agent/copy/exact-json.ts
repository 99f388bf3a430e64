/**
 * JSON with every number as the text it was written as: nanoseconds and 64 bit integers are more than a number of
 * JavaScript holds, and a float is passed on digit by digit. @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  return (JSON.parse as ParseWithSource)(text, (_key, value, context) =>
    typeof value === 'number' ? (context.source ?? String(value)) : value,
  );
}

type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown;
