/** The client's own options: checked and defaulted. Those of its services are checked one by one, with their path. */

import { savedListPath } from '../control/discovery/saved-list-file.js';
import type { Place } from '../control/locality-settings.js';
import { systemClock, type Clock } from '../core/clock.js';
import { systemRandom, type Random } from '../core/random.js';
import { invalidOption, memberPath } from '../kit/option-error.js';
import { any, func, number, oneOf, string, type Schema } from '../kit/option-schema.js';
import { object, record, required, union } from '../kit/option-structures.js';
import { MAX_SERVICES } from './defaults.js';
import type { ClientOptions, ServiceOptions, ServiceSettings } from './options.js';
import { defaultsSchema } from './service-schema.js';
import { logicalOrigin } from './service-match.js';
import { serviceSettings } from './service-settings.js';

export interface ClientSettings {
  /** By lower-case key; or made when a host is first called. */
  readonly services: ReadonlyMap<string, ServiceSettings> | ((host: string) => ServiceSettings | undefined);
  readonly unlisted: 'pass-through' | 'reject';
  readonly place: Place;
  readonly maxServices: number;
  readonly fetch: typeof globalThis.fetch | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

const clock: Schema<Clock> = any('a clock (an object with `now` and `setTimer`)', (value) =>
  hasMethods(value, 'now', 'setTimer'),
);
const random: Schema<Random> = any('a source of randomness (an object with `next`)', (value) =>
  hasMethods(value, 'next'),
);
const anything: Schema<ServiceOptions> = any('an object', () => true);

const locality: Schema<Place> = object<Place>({ region: string(), zone: string() });

const clientSchema: Schema<ClientOptions> = object<ClientOptions>({
  services: required(union(func<(host: string) => ServiceOptions | undefined>(), record(anything))),
  defaults: defaultsSchema,
  unlisted: oneOf(['pass-through', 'reject']),
  locality,
  maxServices: number({ min: 1, max: 100_000, integer: true }),
  fetch: func<typeof globalThis.fetch>(),
  clock,
  random,
});

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function checkClientOptions(options: unknown): ClientSettings {
  const checked = clientSchema.parse(options, 'options');
  const shared = checked.defaults ?? {};
  return {
    services:
      typeof checked.services === 'function' ? named(checked.services, shared) : listed(checked.services, shared),
    unlisted: checked.unlisted ?? 'pass-through',
    place: checked.locality ?? {},
    maxServices: checked.maxServices ?? MAX_SERVICES,
    fetch: checked.fetch,
    clock: checked.clock ?? systemClock,
    random: checked.random ?? systemRandom,
  };
}

function listed(
  services: Readonly<Record<string, ServiceOptions>>,
  shared: Partial<ServiceOptions>,
): ReadonlyMap<string, ServiceSettings> {
  const settings = new Map<string, ServiceSettings>();
  const files = new Map<string, string>();
  for (const [key, options] of Object.entries(services)) {
    const name = key.toLowerCase();
    const path = memberPath('services', key);
    checkKey(name, path);
    if (settings.has(name)) throw invalidOption(path, `is the service '${name}' a second time: case does not count`);
    const own = serviceSettings(options, shared, path);
    settings.set(name, own);
    if (own.cache.file !== undefined) claimFile(files, savedListPath(own.cache.file, name), path);
  }
  return settings;
}

/** A key that no URL's host can equal would be a service that nobody ever reaches. */
function checkKey(name: string, path: string): void {
  const origin = logicalOrigin(`http://${name}`);
  const port = /:(\d+)$/.exec(name.replace(/^\[.*\]/, ''))?.[1];
  const host = port === undefined ? name : name.slice(0, -port.length - 1);
  const [asWritten, bare] = origin?.keys ?? [];
  if (asWritten !== undefined && bare === host && (port === undefined || asWritten === name)) return;
  const hint = bare === undefined || /[/?#@]/.test(name) ? '' : `; in a URL it is written '${bare}'`;
  throw invalidOption(path, `the key must be a host name, or a host name and a port ('orders', 'orders:8080')${hint}`);
}

/** Two services in one file would take turns in not believing each other. */
function claimFile(files: Map<string, string>, file: string, path: string): void {
  const other = files.get(file);
  if (other !== undefined)
    throw invalidOption(`${path}.cache.file`, `is the file of ${other} as well; put '{service}' into its name`);
  files.set(file, path);
}

function named(
  services: (host: string) => ServiceOptions | undefined,
  shared: Partial<ServiceOptions>,
): (host: string) => ServiceSettings | undefined {
  return (host) => {
    const options = services(host);
    return options === undefined ? undefined : serviceSettings(options, shared, `services('${host}')`);
  };
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  );
}
