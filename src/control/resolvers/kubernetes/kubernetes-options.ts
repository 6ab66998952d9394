/** What {@link kubernetesResolver} can be told, and how it is checked. */

import type { Scheme } from '../../../core/endpoint.js';
import { invalidOption } from '../../../kit/option-error.js';
import { durationMs, func, number, oneOf, secret, string } from '../../../kit/option-schema.js';
import { object, required, union } from '../../../kit/option-structures.js';
import type { RegistryTls } from '../background-fetch.js';
import { registryTls } from '../registry-tls.js';
import { urlLike } from '../registry-url.js';

export interface KubernetesResolverOptions {
  /** The name of the Service. */
  readonly service: string;
  /** Where the Service is. @default that of the pod, or of the kubeconfig's context; otherwise `'default'` */
  readonly namespace?: string;
  /**
   * Which port of the pods, by the name that the Service gives to it, or by its number. The number is the pods'
   * (`targetPort`), which is not always the Service's (`port`).
   * @default the only TCP port; of several the one named `http`, or else `https`
   */
  readonly port?: string | number;
  /** Scheme of every endpoint. @default `'https'` where the port says `appProtocol: https`, otherwise that of the caller's URL */
  readonly scheme?: Scheme;
  /** Only addresses of this family. @default one address of each pod: IPv4, or IPv6 where there is no other */
  readonly family?: 4 | 6;
  /**
   * The zone of this process, for Services with topology hints: endpoints that are meant for it come first, the others
   * stay in reserve (priority 1).
   * @default none: hints are not looked at
   */
  readonly zone?: string;
  /** Where the API server is. With it, `token`, `tokenFile` and `tls` say how to talk to it. @default the cluster that this process runs in */
  readonly url?: string | URL;
  /** Bearer token, repeated nowhere. A function is called before each request, so that tokens can rotate. @default none */
  readonly token?: string | (() => string | Promise<string>);
  /** A file with the bearer token, read again each minute. @default none */
  readonly tokenFile?: string;
  /** For https. @default the well-known authorities, no client certificate */
  readonly tls?: RegistryTls;
  /** Takes the address and the credentials from a file as kubectl has it: its path, or `{ path, context }`. Not together with `url`. @default none */
  readonly kubeconfig?: string | KubeconfigOptions;
  /**
   * The folder with `token`, `ca.crt` and `namespace` of the pod's service account; the files are read again each minute.
   * @default '/var/run/secrets/kubernetes.io/serviceaccount'
   */
  readonly serviceAccountPath?: string;
  /**
   * A watch that brings neither an event nor a bookmark for so long is opened anew, in milliseconds, 1_000–3_600_000.
   * @default 90_000: API servers send a bookmark each minute
   */
  readonly idleMs?: number;
  /** For an answer, or for the beginning of a watch, in milliseconds, 1–600_000. @default 10_000 */
  readonly timeoutMs?: number;
  /** Largest list and largest event that is read, in bytes, 1–1_073_741_824. @default 20_971_520: twenty thousand endpoints and more */
  readonly maxBytes?: number;
  /** Sends the requests; only together with `url`. With the platform's fetch the open watch keeps the process alive. @default Fairlead's own, with which it does not */
  readonly fetch?: typeof globalThis.fetch;
}

export interface KubeconfigOptions {
  /** The file. @default `$KUBECONFIG`, which must name one file, otherwise `~/.kube/config` */
  readonly path?: string;
  /** Which of its contexts. @default the file's `current-context` */
  readonly context?: string;
}

/** Where an error says that a wrong option stands. */
export const PATH = 'kubernetesResolver';

/** RFC 1123, as Kubernetes applies it to the names of namespaces and, since 1.34, of Services. */
const label = string({
  expected: 'a name of up to 63 lower-case letters, digits and hyphens',
  accepts: (name) => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(name),
});

const KUBECONFIG = object<KubeconfigOptions>({ path: string(), context: string() });

const OPTIONS = object<KubernetesResolverOptions>({
  service: required(label),
  namespace: label,
  port: union(number({ min: 1, max: 65_535, integer: true }), string({ expected: 'the name of a port' })),
  scheme: oneOf(['http', 'https']),
  family: oneOf([4, 6]),
  zone: string(),
  url: urlLike(),
  token: union(func<() => string | Promise<string>>(), secret()),
  tokenFile: string(),
  tls: registryTls(),
  kubeconfig: union(string(), KUBECONFIG),
  serviceAccountPath: string(),
  idleMs: durationMs(1_000, 3_600_000),
  timeoutMs: durationMs(1, 600_000),
  maxBytes: number({ min: 1, max: 1_073_741_824, integer: true }),
  fetch: func<typeof globalThis.fetch>(),
});

/** What has a meaning only when the address is given as well. */
const NEEDS_URL = ['token', 'tokenFile', 'tls', 'fetch'] as const;

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function checkedOptions(options: KubernetesResolverOptions): KubernetesResolverOptions {
  const given = OPTIONS.parse(options, PATH);
  const refuse = (option: keyof KubernetesResolverOptions, problem: string): void => {
    if (given[option] !== undefined) throw invalidOption(`${PATH}.${option}`, problem);
  };
  if (given.url === undefined) for (const option of NEEDS_URL) refuse(option, 'has a meaning only together with url');
  else refuse('kubeconfig', 'must not stand beside url, which it names itself');
  if (given.url !== undefined || given.kubeconfig !== undefined) {
    refuse('serviceAccountPath', 'must not stand beside url or kubeconfig: it is for pods in the cluster');
  }
  if (given.token !== undefined) refuse('tokenFile', 'must not stand beside token');
  if (given.fetch !== undefined) refuse('tls', 'has no effect on a fetch of your own');
  return given;
}
