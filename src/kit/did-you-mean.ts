/** The closest known name to one that was mistyped: an unknown option should cost a glance, not a search. */

/** Edits that a guess may be away, as a share of the longer word: 'retires' still finds 'retry', 'foo' does not find 'tls'. */
const MAX_EDIT_RATIO = 0.4;

/** Longer input is no typing mistake, and the distance costs the product of both lengths. */
const MAX_LENGTH = 64;

/** The candidate nearest to `word`, ignoring case; undefined when none is near. The first of equally near ones wins. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    if (candidate.length > MAX_LENGTH) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    const limit = Math.ceil(Math.max(word.length, candidate.length) * MAX_EDIT_RATIO);
    if (distance <= limit && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other (optimal string
 * alignment, the restricted form of Damerau's distance: no part is edited twice).
 */
export function editDistance(from: string, to: string): number {
  // Three rows of the matrix suffice: a swap looks two rows back.
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const differs = from[row - 1] === to[column - 1] ? 0 : 1;
      let cost = Math.min(at(previous, column) + 1, at(current, column - 1) + 1, at(previous, column - 1) + differs);
      const swapped = column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, at(beforePrevious, column - 2) + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] as number;
}
