/** Where two records differ, as paths into them. */

export interface Divergence {
  /** `observed.rejected.message`, `received.0.headers.3`. */
  readonly path: string;
  readonly platform: unknown;
  readonly client: unknown;
}

export function compare(platform: unknown, client: unknown, path = ''): Divergence[] {
  if (Object.is(platform, client)) return [];
  if (!isObject(platform) || !isObject(client) || Array.isArray(platform) !== Array.isArray(client))
    return [{ path, platform, client }];
  const keys = new Set([...Object.keys(platform), ...Object.keys(client)]);
  return [...keys].flatMap((key) => compare(platform[key], client[key], path === '' ? key : `${path}.${key}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
