/** PEM text, or several of them. */
export type Pem = string | Buffer | readonly (string | Buffer)[];
