/** Small pieces of text: durations, tables, and what must not reach a terminal. */

/** `4 ms`, `1.5 s`, `2 min 5 s`, `3 h`. */
export function durationInWords(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  const wholeSeconds = Math.round(ms / 1_000);
  const minutes = Math.floor(wholeSeconds / 60);
  const seconds = wholeSeconds % 60;
  if (minutes < 60) return seconds === 0 ? `${minutes} min` : `${minutes} min ${seconds} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** Columns wide enough for what is in them. Columns that are empty below their heading are left out. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const [heading = [], ...body] = rows.map((row) => row.map(printable));
  const columns = heading.flatMap((_, at) => (body.some((row) => (row[at] ?? '') !== '') ? [at] : []));
  const width = (at: number): number => Math.max(...[heading, ...body].map((row) => (row[at] ?? '').length));
  const widths = new Map(columns.map((at) => [at, width(at)]));
  return [heading, ...body].map((row) =>
    columns
      .map((at) => (row[at] ?? '').padEnd(widths.get(at) ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** What others wrote could move the cursor or hide a line: control characters are shown, not sent. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character === '\n' ? ' ' : `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`,
  );
}
