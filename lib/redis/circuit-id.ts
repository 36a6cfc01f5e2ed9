import { createHash } from 'node:crypto';

/** Longer ones are hashed: keys of users may be whole documents. */
const LONGEST = 200;

/**
 * A circuit's name and key as part of a key at Redis: nothing in it can leave its
 * place, end a hash tag or be mistaken for another circuit.
 */
export function circuitId(name: string, key: string | null): string {
  if (isWellFormed(name) && isWellFormed(key ?? '')) {
    const parts = [name, ...(key === null ? [] : [key])];
    const id = parts.map(encodeURIComponent).join('/');
    if (id.length <= LONGEST) return id;
  }
  const text = JSON.stringify([name, key]);
  return `#${createHash('sha256').update(text).digest('base64url')}`;
}

/** Half a surrogate pair cannot be encoded. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
