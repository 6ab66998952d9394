/** Colours, for people at a terminal; nothing at all for pipes and files. */

export type Ink = 'good' | 'bad' | 'faint' | 'strong';
export type Paint = (ink: Ink, text: string) => string;

const CODES: Readonly<Record<Ink, readonly [on: number, off: number]>> = {
  good: [32, 39],
  bad: [31, 39],
  faint: [2, 22],
  strong: [1, 22],
};

/** By https://no-color.org, and not on terminals that say they know no colours. */
export function createPaint(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  const plain = !isTerminal || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  if (plain) return (_ink, text) => text;
  return (ink, text) => `\u001b[${CODES[ink][0]}m${text}\u001b[${CODES[ink][1]}m`;
}
