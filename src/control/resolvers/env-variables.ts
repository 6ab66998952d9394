/**
 * Addresses in environment variables, in the forms that platforms write them:
 *
 * 1. `ORDERS_URLS`, by hand: one address or several.
 * 2. `services__orders__http__0`, .NET Aspire and `Microsoft.Extensions.ServiceDiscovery`: any case, since .NET reads
 *    its configuration so; and Aspire's short form for other languages, `ORDERS_HTTP`.
 * 3. `ORDERS_SERVICE_HOST` and `ORDERS_SERVICE_PORT`, Kubernetes, for each service that is older than the pod.
 *
 * The first form that says something counts, alone: what was set by hand is meant, and two forms that name the same
 * server differently would make two endpoints of it.
 *
 * Names. Upper-case variables are written as Kubernetes and Aspire do: what is no letter or digit becomes `_`. Aspire
 * keeps the hyphens of `services__my-orders__http__0`; many shells drop such a variable and some platforms rename it,
 * so it is looked for with `_` in their place, too, and without them (Azure App Service), in this order.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

/** A text that should be an endpoint, and the variable that says so. */
export interface FoundAddress {
  readonly text: string;
  readonly variable: string;
}

export interface EnvironmentSearch {
  /** Empty when no variable speaks of the service. */
  readonly found: readonly FoundAddress[];
  /** What was looked for, for messages. */
  readonly lookedFor: readonly string[];
}

/**
 * @param service its name, for example `my-orders`
 * @param portName one of the service's named ports; undefined for its main one
 * @throws Error when variables speak of the service but leave open which address is meant
 */
export function searchEnvironment(
  service: string,
  portName: string | undefined,
  environment: Environment,
): EnvironmentSearch {
  const prefix = variableName(service);
  const urls = `${prefix}_URLS`;
  const lookedFor = [
    urls,
    `services__${service}__${portName ?? 'http'}__0`,
    `${prefix}_${variableName(portName ?? 'http')}`,
    `${prefix}_SERVICE_HOST`,
  ];
  const forms = [
    () => listIn(environment, urls),
    () => aspireAddresses(service, portName, environment),
    () => shortAspireAddress(prefix, portName, environment),
    () => kubernetesAddress(prefix, portName, environment),
  ];
  for (const form of forms) {
    const found = form();
    if (found.length > 0) return { found, lookedFor };
  }
  return { found: [], lookedFor };
}

/** As Kubernetes' `makeEnvVariableName` and Aspire's `EncodeEnvironmentVariableName`, for names that either allows. */
function variableName(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
}

function listIn(environment: Environment, variable: string): FoundAddress[] {
  return (valueOf(environment, variable) ?? '')
    .split(/[\s,]+/)
    .filter((text) => text !== '')
    .map((text) => ({ text, variable }));
}

function aspireAddresses(service: string, portName: string | undefined, environment: Environment): FoundAddress[] {
  const name = service.toLowerCase();
  for (const spelling of new Set([name, name.replace(/[^a-z0-9_]/g, '_'), name.replace(/[^a-z0-9_]/g, '')])) {
    const ports = aspirePorts(`services__${spelling}__`, environment);
    if (ports.size > 0) return ports.get(chosenPort(service, portName, ports)) ?? [];
  }
  return [];
}

/** Lower-case name of the port → its addresses by index. */
function aspirePorts(prefix: string, environment: Environment): Map<string, FoundAddress[]> {
  const ports = new Map<string, { readonly index: number; readonly address: FoundAddress }[]>();
  for (const variable of Object.keys(environment)) {
    if (!variable.toLowerCase().startsWith(prefix)) continue;
    const [, port, digits = '0'] = /^(.+?)(?:__(\d{1,4}))?$/.exec(variable.slice(prefix.length).toLowerCase()) ?? [];
    const text = valueOf(environment, variable);
    if (port === undefined || port.includes('__') || text === undefined) continue;
    ports.set(port, [...(ports.get(port) ?? []), { index: Number(digits), address: { text, variable } }]);
  }
  return new Map(
    [...ports].map(([port, entries]) => [
      port,
      entries.sort((a, b) => a.index - b.index).map(({ address }) => address),
    ]),
  );
}

/** `https` before `http`, as .NET's `https+http://`: most often they are two doors of one server. */
function chosenPort(service: string, portName: string | undefined, ports: ReadonlyMap<string, unknown>): string {
  if (portName !== undefined) return portName.toLowerCase();
  const names = [...ports.keys()];
  const chosen = ['https', 'http'].find((name) => ports.has(name)) ?? names[0];
  if (chosen === undefined || (names.length > 1 && chosen !== 'https' && chosen !== 'http')) {
    throw new Error(`${service} has the ports ${names.join(', ')}, and no portName says which is meant`);
  }
  return chosen;
}

function shortAspireAddress(prefix: string, portName: string | undefined, environment: Environment): FoundAddress[] {
  for (const port of portName === undefined ? ['HTTPS', 'HTTP'] : [variableName(portName)]) {
    // Aspire makes a name that begins with a digit valid by an underscore.
    const variable = `${/^\d/.test(prefix) ? '_' : ''}${prefix}_${port}`;
    const text = valueOf(environment, variable);
    // A name as short as this may mean anything else: only what looks like an address counts.
    if (text !== undefined && /^https?:\/\//i.test(text)) return [{ text, variable }];
  }
  return [];
}

function kubernetesAddress(prefix: string, portName: string | undefined, environment: Environment): FoundAddress[] {
  const variable = `${prefix}_SERVICE_HOST`;
  const portVariable = `${prefix}_SERVICE_PORT${portName === undefined ? '' : `_${variableName(portName)}`}`;
  const host = valueOf(environment, variable);
  if (host === undefined) return [];
  const port = valueOf(environment, portVariable);
  if (port === undefined) throw new Error(`${variable} is set, but ${portVariable} is not`);
  const scheme = portName?.toLowerCase() === 'https' ? 'https://' : '';
  return [{ text: `${scheme}${host.includes(':') ? `[${host}]` : host}:${port}`, variable }];
}

/** An empty variable is one that is not set: that is how scripts unset them. */
function valueOf(environment: Environment, variable: string): string | undefined {
  const value = Object.hasOwn(environment, variable) ? environment[variable]?.trim() : undefined;
  return value === '' ? undefined : value;
}
