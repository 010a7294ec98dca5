/** What a server wants to be told before it lets a client in. */
export interface CredentialsNeed {
  /** SASL mechanism that was chosen, such as `SCRAM-SHA-256`. */
  mechanism: string;
  /** URI of the connection. */
  uri: string;
  /** User name that the URI gives, if any. */
  user: string | undefined;
}

export interface Credentials {
  username: string;
  password: string;
}

/** Gives credentials when a server asks for them. */
export type CredentialsSource = (need: CredentialsNeed) => Promise<Credentials> | Credentials;
