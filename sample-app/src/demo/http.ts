/** Gets JSON; any status will do. */
export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  return (await response.json()) as T;
}

/** Sends JSON and gives the response back. */
export function sendJson(
  method: 'PATCH' | 'POST' | 'PUT',
  url: string,
  body: unknown,
): Promise<Response> {
  return fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
