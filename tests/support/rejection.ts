/** An error as a test looks at it. Never by class: inside Jest the platform's errors come from another realm. */
export interface Rejection {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly service?: string;
  readonly attempts?: readonly { readonly endpoint: string; readonly error: string | undefined }[];
  readonly cause?: Rejection;
}

/** What the promise rejects with; fails when it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Rejection> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error as Rejection;
  }
  throw new Error(`expected a rejection, got ${String(value)}`);
}
