/**
 * Where the API server is and how to prove who asks: from inside the cluster, from options, or from a kubeconfig. Found
 * out when the resolver is made, so that what is wrong is said at once and not in an outage. What may change later (files,
 * functions) is kept as it is named, and read by credentials.ts.
 */

import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { describeError } from '../../../core/errors.js';
import { invalidOption } from '../../../kit/option-error.js';
import { baseUrl, type ClusterAccess } from './cluster-access.js';
import { readKubeconfig } from './kubeconfig.js';
import { PATH, type KubernetesResolverOptions } from './kubernetes-options.js';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function findCluster(options: KubernetesResolverOptions, env: NodeJS.ProcessEnv): ClusterAccess {
  const access = accessOf(options, env);
  const { url, token, tls } = access;
  const hasSecret = token !== undefined || tls.key !== undefined;
  if (url.protocol === 'http:' && hasSecret && !isLoopback(url.hostname)) {
    throw invalidOption(PATH, `credentials are not sent to ${url.origin}, which is not https`);
  }
  return access;
}

function accessOf(options: KubernetesResolverOptions, env: NodeJS.ProcessEnv): ClusterAccess {
  if (options.kubeconfig !== undefined) return readKubeconfig(options.kubeconfig, env);
  if (options.url === undefined) return inCluster(options.serviceAccountPath ?? SERVICE_ACCOUNT, env);
  return {
    url: baseUrl(options.url, `${PATH}.url`),
    namespace: undefined,
    token: options.tokenFile === undefined ? options.token : { file: options.tokenFile },
    tls: options.tls ?? {},
    fetch: options.fetch,
  };
}

/** As documented for pods: the address in the environment, the rest in the files of the service account. */
function inCluster(folder: string, env: NodeJS.ProcessEnv): ClusterAccess {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '';
  if (host === '' || port === '') {
    throw invalidOption(
      PATH,
      'this process runs in no Kubernetes cluster (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set): give url or kubeconfig',
    );
  }
  return {
    url: baseUrl(`https://${host.includes(':') ? `[${host}]` : host}:${port}`, PATH),
    namespace: namespaceOf(join(folder, 'namespace')),
    token: { file: join(folder, 'token') },
    tls: { ca: { file: join(folder, 'ca.crt') } },
  };
}

function namespaceOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw invalidOption(`${PATH}.namespace`, `is not given, and cannot be read: ${describeError(error)}`);
  }
}

/** Where `kubectl proxy` listens. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
