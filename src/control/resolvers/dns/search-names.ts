/**
 * Which names a short name may mean, in the order in which they are asked about (resolv.conf(5), `search` and `ndots`).
 *
 * `orders` in a Kubernetes pod is `orders.shop.svc.cluster.local`, and with `ndots:5` so is `orders.eu` tried there
 * first. A trailing dot says that the name is complete: one question instead of up to five.
 */

const MAX_NAME = 253;

/**
 * @param name canonical, without a trailing dot
 * @param isComplete whether it was written with a trailing dot
 */
export function searchNames(
  name: string,
  isComplete: boolean,
  { search, ndots }: { readonly search: readonly string[]; readonly ndots: number },
): string[] {
  if (isComplete) return [name];
  const dots = name.split('.').length - 1;
  const inDomains = search.map((domain) => `${name}.${domain}`).filter((each) => each.length <= MAX_NAME);
  return [...new Set(dots >= ndots ? [name, ...inDomains] : [...inDomains, name])];
}
