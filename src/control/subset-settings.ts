/**
 * How many of a large service's endpoints one client uses. A thousand clients with connections to each of a thousand
 * endpoints hold a million of them, and each client sees too little of each endpoint to judge it.
 */
export interface SubsetSettings {
  /**
   * Most endpoints of each priority that are used; fewer endpoints are all used. Integer, 1–10 000.
   * @default 20 (Site Reliability Engineering, ch. 20: subsets of 20 to 100)
   */
  readonly size: number;
  /**
   * Who this client is, for example a pod's name: the same name takes the same subset again after a restart. Clients must
   * not share one, or they would share the subset, too.
   * @default drawn at random for each client and service
   */
  readonly clientId?: string;
}
