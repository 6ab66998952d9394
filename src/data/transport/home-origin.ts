/**
 * The name under which the connections of one pool are made: the first logical origin that it carries. What they dial is
 * the connector's business, so that a request for this origin goes out as its caller made it, with no copy and no Host
 * header of ours. All others get theirs, over the same connections.
 */

import type { DispatchOptions } from './dispatcher-like.js';
import { isPlainHeaders, routeOptions, type RouteTarget } from './route-options.js';

export class HomeOrigin {
  private origin: string | undefined;
  private host = '';

  route(options: DispatchOptions, target: RouteTarget): DispatchOptions {
    const origin = (this.origin ??= this.settle(String(options.origin)));
    const asItIs =
      options.origin === origin &&
      target.host === this.host &&
      target.basePath === '' &&
      isPlainHeaders(options.headers);
    return asItIs ? options : routeOptions(options, { origin, basePath: target.basePath, host: target.host });
  }

  /** Plain http, whatever the caller asked for: connections with TLS are made elsewhere. */
  private settle(logicalOrigin: string): string {
    const { host } = new URL(logicalOrigin);
    this.host = host;
    return `http://${host}`;
  }
}
