/** One server able to serve a service: the unit of picking, health and ejection. */

export type Scheme = 'http' | 'https';

/** What a resolver says about one endpoint: a string, or an object when there is more to say. */
export type EndpointInput =
  /** `'host:port'`, `'[::1]:port'`, `'http://host:port/base'` or `'unix:/run/orders.sock'`. */
  | string
  | {
      /** Host name, IP address (IPv6 without brackets), or `unix:` and the path of a Unix socket, which `allow.unixSockets` must list. */
      readonly host: string;
      /** 1–65535. @default the port of the caller's URL, then its scheme's */
      readonly port?: number;
      /** @default the scheme of the caller's URL */
      readonly scheme?: Scheme;
      /** Goes before the URL's path on every attempt, for example `'/api'`. @default none */
      readonly basePath?: string;
      /** Identity: learned state is keyed by it. @default scheme://host:port/basePath */
      readonly id?: string;
      /** Relative share, >= 0. Zero gets no traffic unless every weight is zero. @default 1 */
      readonly weight?: number;
      /** 0 is used first (SRV priority, Envoy priority). @default 0 */
      readonly priority?: number;
      readonly region?: string;
      readonly zone?: string;
      /** TLS server name and Host header for this endpoint. @default the logical name of the caller's URL */
      readonly hostname?: string;
      readonly metadata?: Readonly<Record<string, string>>;
    };

/** An endpoint as the library knows it: checked, defaulted and frozen. */
export interface Endpoint {
  readonly id: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly scheme: Scheme | undefined;
  /** Empty, or starting with `/` and not ending with it. */
  readonly basePath: string;
  readonly weight: number;
  readonly priority: number;
  readonly region: string | undefined;
  readonly zone: string | undefined;
  readonly hostname: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}
