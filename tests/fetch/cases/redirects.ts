/** Redirects: the three modes, the rules of each status, and what may follow across origins. */

import { describeHead, settle } from '../describe.js';
import type { FetchCase, LooseInit, Stage } from '../fetch-case.js';

const STATUSES = [301, 302, 303, 307, 308];

/** `/to?status=302&location=…` redirects, everything else answers. */
const serve: FetchCase['serve'] = (request, response, body) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
  void body.then(
    () => {
      if (pathname !== '/to') return response.end(`${request.method} ${request.url}`);
      const location = searchParams.get('location');
      response.writeHead(Number(searchParams.get('status')), location === null ? {} : { location });
      return response.end('moved');
    },
    () => {},
  );
};

const to = (status: number, location: string | undefined): string =>
  `/to?status=${status}${location === undefined ? '' : `&location=${encodeURIComponent(location)}`}`;

function redirected(
  name: string,
  status: number,
  location: (stage: Stage) => string | undefined,
  init?: (stage: Stage) => LooseInit,
): FetchCase {
  return {
    name: `redirect: ${name}`,
    serve,
    run: (stage) => {
      const url = stage.url(to(status, location(stage)));
      return settle(init === undefined ? stage.fetch(url) : stage.fetch(url, init(stage)));
    },
  };
}

const WITH_BODY = { body: 'text', headers: { 'content-type': 'text/x-own', 'content-language': 'de', 'x-own': '1' } };

const rules: FetchCase[] = STATUSES.flatMap((status) => [
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS'].map((method) =>
    redirected(
      `${status} of a ${method}`,
      status,
      () => '/there',
      () => ({ method }),
    ),
  ),
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY'].map((method) =>
    redirected(
      `${status} of a ${method} with a body`,
      status,
      () => '/there',
      () => ({ method, ...WITH_BODY }),
    ),
  ),
  redirected(
    `${status} of a stream`,
    status,
    () => '/there',
    () => ({
      method: 'POST',
      body: new Blob(['text']).stream(),
      duplex: 'half',
    }),
  ),
  redirected(
    `${status} in manual mode`,
    status,
    () => '/there',
    () => ({ redirect: 'manual' }),
  ),
  redirected(
    `${status} in error mode`,
    status,
    () => '/there',
    () => ({ redirect: 'error' }),
  ),
  redirected(`${status} without a location`, status, () => undefined),
]);

const SECRETS = {
  authorization: 'Bearer x',
  cookie: 'a=b',
  'proxy-authorization': 'Basic x',
  'x-own': '1',
  host: 'own.test',
};

const places: FetchCase[] = [
  redirected('to a relative path', 302, () => 'there/../x?y#z'),
  redirected(
    'keeps the fragment of the caller',
    302,
    () => '/there',
    () => ({}),
  ),
  redirected(
    'to another path of the same origin, with credentials',
    302,
    ({ url }) => url('/there'),
    () => ({ headers: SECRETS }),
  ),
  redirected(
    'to another service, with credentials',
    307,
    ({ sibling }) => `${sibling}/there`,
    () => ({ headers: SECRETS }),
  ),
  redirected(
    'to a host that is no service, with credentials',
    307,
    ({ stranger }) => `${stranger}/there`,
    () => ({ headers: SECRETS }),
  ),
  redirected(
    'of a POST to another service',
    308,
    ({ sibling }) => `${sibling}/there`,
    () => ({ method: 'POST', ...WITH_BODY }),
  ),
  redirected(
    'of a POST to a host that is no service',
    308,
    ({ stranger }) => `${stranger}/there`,
    () => ({ method: 'POST', ...WITH_BODY }),
  ),
  redirected(
    'to a host that is no service and back',
    302,
    ({ stranger, url }) => `${stranger}${to(302, url('/back'))}`,
    () => ({ headers: SECRETS }),
  ),
  redirected(
    'there and back, in manual mode',
    302,
    ({ sibling, url }) => `${sibling}${to(302, url('/back'))}`,
    () => ({ redirect: 'manual' }),
  ),
  redirected(
    'from a referrer',
    302,
    ({ sibling }) => `${sibling}/there`,
    ({ url }) => ({ referrer: url('/from?secret') }),
  ),
  redirected('with letters beyond ASCII', 302, () => '/käse?ü'),
  redirected('to no URL', 302, () => 'http://'),
  redirected('to credentials', 302, ({ origin }) => `${origin.replace('//', '//user:secret@')}/there`),
  redirected(
    'to credentials of another origin',
    302,
    ({ sibling }) => `${sibling.replace('//', '//user:secret@')}/there`,
  ),
  redirected('to a scheme that is none of HTTP', 302, () => 'ftp://localhost/'),
  redirected('to a data URL', 302, () => 'data:,x'),
  redirected('to a blocked port', 302, () => 'http://localhost:6666/'),
  redirected('to a closed port', 302, () => 'http://localhost:1/'),
  redirected('to a name that does not exist', 302, () => 'http://does-not-exist.invalid/'),
  redirected('to the empty location', 302, () => ''),
  redirected('300', 300, () => '/there'),
  redirected('304', 304, () => '/there'),
  redirected('305', 305, () => '/there'),
];

const loops: FetchCase[] = [
  {
    name: 'redirect: in circles',
    serve: (request, response) => response.writeHead(302, { location: request.url ?? '/' }).end(),
    run: ({ fetch, url }) => settle(fetch(url('/round'))),
  },
  ...[19, 20, 21].map((hops): FetchCase => ({
    name: `redirect: ${hops} hops`,
    serve: (request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end('there');
      else response.writeHead(307, { location: `/${left - 1}` }).end();
    },
    run: ({ fetch, url }) => settle(fetch(url(`/${hops}`))),
  })),
  {
    name: 'redirect: of a Request whose mode is manual, and its body',
    serve,
    run: async ({ fetch, url }) => {
      const response = await fetch(new Request(url(to(302, '/there')), { redirect: 'manual' }));
      return [describeHead(response), await response.text()];
    },
  },
  {
    name: 'redirect: the fragment of the caller stays out of sight',
    serve,
    run: ({ fetch, url }) => settle(fetch(`${url(to(302, '/there'))}#here`)),
  },
];

export const redirects: readonly FetchCase[] = [...rules, ...places, ...loops];
