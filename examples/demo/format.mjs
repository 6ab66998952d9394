/** How numbers and tables look, on the screen and in the summary. */

export function ms(value) {
  if (value === undefined) return '–';
  return value < 9.95 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`;
}

export function percent(share) {
  return `${Math.round(share * 100)}%`;
}

export function time(seconds) {
  return `${seconds.toFixed(1).padStart(5)} s`;
}

const SIDES = ['top', 'bottom', 'left', 'right', 'mid'];
const BORDERS = [...SIDES.flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`]), 'middle'];

/** For cli-table3. */
export const BORDERLESS = Object.fromEntries(['left-mid', 'right-mid', ...BORDERS].map((name) => [name, '']));
