/**
 * A small reader of kubeconfig files: one file, one context, its cluster and its user, with tokens and client
 * certificates, given in the file or as other files. What cannot be done is refused with the reason, and not passed over:
 * credential plugins (`exec`, `auth-provider`) start programs, passwords have been gone from Kubernetes since 1.19, and
 * a certificate that is not verified protects nobody.
 */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { describeError } from '../../../core/errors.js';
import { invalidOption, isPlainObject } from '../../../kit/option-error.js';
import { baseUrl, type ClusterAccess, type FileSource } from './cluster-access.js';
import { PATH, type KubeconfigOptions } from './kubernetes-options.js';

/** Fields of a user that stand for a way of proving identity which is not supported, and what to do instead. */
const UNSUPPORTED: readonly (readonly [field: string, advice: string])[] = [
  [
    'exec',
    'it starts a credential plugin, which is not supported: give url with a token function, or use a service account',
  ],
  ['auth-provider', 'it is not supported, nor by Kubernetes since 1.26: give url with a token function'],
  ['username', 'passwords are not supported, nor by Kubernetes since 1.19'],
  ['password', 'passwords are not supported, nor by Kubernetes since 1.19'],
  ['as', 'impersonation is not supported'],
  ['as-uid', 'impersonation is not supported'],
  ['as-groups', 'impersonation is not supported'],
];

/** @throws FairleadError `ERR_INVALID_OPTION` that names the file, the context and the field, and no value of it */
export function readKubeconfig(given: string | KubeconfigOptions, env: NodeJS.ProcessEnv): ClusterAccess {
  const options = typeof given === 'string' ? { path: given } : given;
  const path = options.path ?? defaultPath(env);
  const refuse = (problem: string): never => {
    throw invalidOption(`${PATH}.kubeconfig`, `${path}: ${problem}`);
  };
  const config = parsed(path, refuse);

  /** The entry of a list by its name: `{ name, [kind]: { … } }`. */
  const named = (list: string, kind: string, name: string): Record<string, unknown> => {
    const entries: unknown[] = Array.isArray(config[list]) ? config[list] : [];
    const entry = entries.find((item) => isPlainObject(item) && item['name'] === name);
    const value = isPlainObject(entry) ? (entry[kind] ?? {}) : undefined;
    return isPlainObject(value) ? value : refuse(`there is no ${kind} '${name}'`);
  };
  const text = (of: Record<string, unknown>, where: string, field: string): string | undefined => {
    const value = of[field];
    if (value === undefined || value === null || value === '') return undefined;
    return typeof value === 'string' ? value : refuse(`${field} of the ${where} is no text`);
  };
  /** What stands in the file as base64 (that wins, as in kubectl), or in another file. */
  const material = (of: Record<string, unknown>, where: string, field: string): string | FileSource | undefined => {
    const data = text(of, where, `${field}-data`);
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    return fileSource(text(of, where, field));
  };
  const fileSource = (file: string | undefined): FileSource | undefined =>
    file === undefined ? undefined : { file: resolve(dirname(path), file) };

  const contextName = options.context ?? text(config, 'file', 'current-context');
  if (contextName === undefined) return refuse('it has no current-context, and none is chosen');
  const context = named('contexts', 'context', contextName);
  const clusterName = text(context, 'context', 'cluster') ?? refuse(`the context '${contextName}' names no cluster`);
  const userName = text(context, 'context', 'user');
  const cluster = named('clusters', 'cluster', clusterName);
  const user = userName === undefined ? {} : named('users', 'user', userName);

  if (cluster['insecure-skip-tls-verify'] === true) {
    refuse('insecure-skip-tls-verify is not supported: give the cluster its certificate-authority');
  }
  if (text(cluster, 'cluster', 'proxy-url') !== undefined) refuse('proxy-url is not supported: give url with a fetch');
  for (const [field, advice] of UNSUPPORTED) {
    if (user[field] !== undefined && user[field] !== null) refuse(`the user '${userName}' has ${field}: ${advice}`);
  }

  const [ca, serverName] = [
    material(cluster, 'cluster', 'certificate-authority'),
    text(cluster, 'cluster', 'tls-server-name'),
  ];
  const [cert, key] = [material(user, 'user', 'client-certificate'), material(user, 'user', 'client-key')];
  if ((cert === undefined) !== (key === undefined)) refuse(`the user '${userName}' has half of a client certificate`);
  return {
    url: baseUrl(
      text(cluster, 'cluster', 'server') ?? refuse(`the cluster '${clusterName}' has no server`),
      `${PATH}.kubeconfig`,
    ),
    namespace: text(context, 'context', 'namespace'),
    // The file wins over what stands beside it, as in kubectl: it is the one that is kept up to date.
    token: fileSource(text(user, 'user', 'tokenFile')) ?? text(user, 'user', 'token'),
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(serverName !== undefined && { serverName }),
    },
  };
}

function defaultPath(env: NodeJS.ProcessEnv): string {
  const paths = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (paths.length > 1) {
    throw invalidOption(
      `${PATH}.kubeconfig.path`,
      'is not given, and $KUBECONFIG names several files, which are not merged',
    );
  }
  return paths[0] ?? join(homedir(), '.kube', 'config');
}

function parsed(path: string, refuse: (problem: string) => never): Record<string, unknown> {
  let config: unknown;
  try {
    config = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // The parser's messages quote the line, and there may be a token in it.
    const isSyntax = (error as { name?: unknown } | undefined)?.name === 'YAMLParseError';
    return refuse(isSyntax ? `it is no YAML (${String((error as { code?: unknown }).code)})` : describeError(error));
  }
  return isPlainObject(config) ? config : refuse('it is no kubeconfig');
}
