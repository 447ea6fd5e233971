export interface Credentials {
  readonly username: string | null;
  readonly password: string | null;
}

/** What one of the two says, or both say alike; `undefined` when they contradict each other. */
export function joinCredentials(one: Credentials, other: Credentials): Credentials | undefined {
  if (isAtOdds(one.username, other.username) || isAtOdds(one.password, other.password)) return undefined;
  return { username: one.username ?? other.username, password: one.password ?? other.password };
}

function isAtOdds(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a !== b;
}
