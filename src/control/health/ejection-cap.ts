/**
 * How many endpoints may be out of use at a time. Ejection is inference from one client's view; past some share it is
 * likelier that the client, the network or the load is at fault, and every ejection pushes its traffic onto the rest.
 *
 * The rule for small services is explicit, because `floor(ratio × n)` is zero exactly where one bad endpoint hurts
 * most (Envoy's 10 % of nine hosts ejects nobody): of one, none; of two or more, one at least and the last one never.
 */

/** Keeps products that are whole numbers whole: 0.29 × 100 is 28.999999999999996. */
const ROUNDING = 1e-9;

/** @param ratio 0–1; 0 means nobody. */
export function maxEjected(total: number, ratio: number): number {
  if (ratio === 0 || total < 2) return 0;
  return Math.min(total - 1, Math.max(1, Math.floor(ratio * total + ROUNDING)));
}
