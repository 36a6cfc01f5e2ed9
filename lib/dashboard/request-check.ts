import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** The header that every action carries: a form or an image of another site cannot send it. */
const ACTION_HEADER = 'x-circuit-breaker-action';

/** Why a request is turned away. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/**
 * Turns away what a browser sends on behalf of another site.
 *
 * - DNS rebinding: a name that is not ours resolves to this server, and a page of
 *   that name reads and acts as its own origin. So the name in `Host` is looked at.
 * - Cross-site requests: `Origin` and `Sec-Fetch-Site` say where a page is from.
 *
 * `X-Forwarded-Host` is not looked at: a rebound page can set it.
 *
 * @param allowedHosts names under which the dashboard is reached
 */
export function checkRequest(
  headers: IncomingHttpHeaders,
  allowedHosts: readonly string[],
): Refusal | undefined {
  if (allowedHosts.length > 0 && !isOurs(headers, allowedHosts)) {
    return wrongHost(headers);
  }
  return isFromElsewhere(headers, allowedHosts)
    ? {
        status: 403,
        code: 'CROSS_SITE',
        message:
          'This came from a page of another site. If it is yours, a proxy changes the Host header: list the name that browsers use in allowedHosts.',
      }
    : undefined;
}

/** As {@link checkRequest}, for what changes something: stricter, because the harm is greater. */
export function checkAction(
  headers: IncomingHttpHeaders,
  allowedHosts: readonly string[],
): Refusal | undefined {
  if (!isOurs(headers, allowedHosts)) return wrongHost(headers);
  if (headers[ACTION_HEADER] === undefined) {
    return {
      status: 403,
      code: 'NO_ACTION_HEADER',
      message: `An action carries the header ${ACTION_HEADER}, with any value.`,
    };
  }
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    return {
      status: 415,
      code: 'NOT_JSON',
      message: 'An action is sent as application/json.',
    };
  }
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') {
    return {
      status: 403,
      code: 'CROSS_SITE',
      message: 'This came from a page of another site.',
    };
  }
  return checkRequest(headers, allowedHosts);
}

/** No name can be rebound to an address that is itself the origin, nor `localhost`. */
function isOurs(
  headers: IncomingHttpHeaders,
  allowedHosts: readonly string[],
): boolean {
  const host = hostOf(headers);
  if (host === undefined) return false;
  const name = nameOf(host);
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    isIP(name.replaceAll(/[[\]]/g, '')) !== 0 ||
    isAllowed(name, allowedHosts)
  );
}

function isAllowed(name: string, allowedHosts: readonly string[]): boolean {
  return allowedHosts.some(each => {
    const allowed = each.toLowerCase();
    return allowed.startsWith('.')
      ? name === allowed.slice(1) || name.endsWith(allowed)
      : name === allowed;
  });
}

function isFromElsewhere(
  headers: IncomingHttpHeaders,
  allowedHosts: readonly string[],
): boolean {
  const { origin } = headers;
  // A link on another site may lead here; its scripts may not read.
  const isCrossSite = headers['sec-fetch-site'] === 'cross-site';
  if (isCrossSite && headers['sec-fetch-mode'] !== 'navigate') return true;
  if (origin === undefined) return false;
  const from = parse(origin);
  const host = hostOf(headers);
  if (from === undefined || host === undefined) return true;
  return (
    from.host !== parse(`${from.protocol}//${host.host}`)?.host &&
    !isAllowed(nameOf(from), allowedHosts)
  );
}

function wrongHost(headers: IncomingHttpHeaders): Refusal {
  const host = hostOf(headers);
  return {
    status: 403,
    code: 'HOST_NOT_ALLOWED',
    message: `The dashboard was reached as ${host === undefined ? 'no readable host' : `"${nameOf(host)}"`}. If that is its name, list it in allowedHosts.`,
  };
}

function hostOf(headers: IncomingHttpHeaders): URL | undefined {
  const host = headers.host ?? headers[':authority'];
  if (typeof host !== 'string' || /[/?#@\\]/.test(host)) return undefined;
  return parse(`http://${host}`);
}

function nameOf({ hostname }: URL): string {
  return hostname.toLowerCase().replace(/\.$/, '');
}

function parse(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
