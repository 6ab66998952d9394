/**
 * A registry that repeats what it was sent, as one in trouble may, or one that means harm: in the body of an error, in an
 * answer that is no JSON, in a redirect, and after a login that worked.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import { consulResolver } from '../../src/consul.js';
import { etcdResolver } from '../../src/etcd.js';
import { eurekaResolver } from '../../src/eureka.js';
import { registryResolver, type Resolver } from '../../src/index.js';
import { kubernetesResolver } from '../../src/kubernetes.js';
import { nacosResolver } from '../../src/nacos.js';
import { listen, type Listener } from './listener.js';

/** What is secret: a token, a password, a key, and what comes of a login. */
export const SECRET = 'hunter2-never-to-be-seen';

/** In every form in which it travels, and never mind where it is cut. */
export const TRACES: readonly string[] = [SECRET.slice(0, 8), Buffer.from(`user:${SECRET}`).toString('base64', 0, 12)];

export const REVELATIONS = ['an error', 'no JSON', 'a redirect', 'a login'] as const;
export type Revelation = (typeof REVELATIONS)[number];

/** Everything that came with the request, in one line of text. */
async function repeated(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { authorization, 'x-consul-token': token } = request.headers;
  return `${authorization ?? ''} ${String(token)} ${request.url} ${body}`.replace(/[\r\n]/g, ' ');
}

async function reveal(how: Revelation, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await repeated(request);
  const json = { 'content-type': 'application/json' };
  if (how === 'a login' && /login|authenticate/.test(request.url ?? ''))
    return void response.writeHead(200, json).end(JSON.stringify({ token: SECRET, accessToken: SECRET, tokenTtl: 60 }));
  // What a parser stumbles over stands at the beginning.
  if (how === 'no JSON') return void response.writeHead(200, json).end(TRACES.find((trace) => text.includes(trace)));
  if (how === 'a redirect')
    return void response.writeHead(307, { location: `http://127.0.0.1/${encodeURI(text)}` }).end();
  response.writeHead(500, { 'content-type': 'text/plain' }).end(text);
}

export function startRevealingRegistry(how: Revelation): Promise<Listener> {
  const answer: RequestListener = (request, response) => void reveal(how, request, response);
  return listen({ answer });
}

/** One of each kind that takes a secret, with it. */
export function resolversWith(url: string): Record<string, Resolver> {
  const user = { username: 'user', password: SECRET };
  return {
    http: registryResolver({
      url: `${url}/orders?token=${SECRET}`,
      headers: { authorization: `Bearer ${SECRET}` },
    }),
    consul: consulResolver({ service: 'orders', url, token: SECRET }),
    etcd: etcdResolver({ prefix: '/orders/', url, auth: user }),
    kubernetes: kubernetesResolver({ service: 'orders', namespace: 'shop', url, token: SECRET }),
    eureka: eurekaResolver({ app: 'orders', url, ...user }),
    nacos: nacosResolver({ service: 'orders', url, ...user }),
  };
}
