import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { settings } from '../settings.js';

const cookieName = 'operator';

/**
 * Whether a request may break dependencies and overrule circuits.
 *
 * FOR A SHOP ON YOUR OWN MACHINE ONLY: whoever followed the link that `npm start`
 * printed is the operator. The link holds a token, new at each start, that becomes a
 * cookie. Without a token, and in production, nobody is. A real shop asks its own
 * sign-in here.
 */
export function isOperator({ headers }: IncomingMessage): boolean {
  const cookies = headers.cookie?.split(/; */) ?? [];
  const ours = cookies.find(each => each.startsWith(`${cookieName}=`));
  const token = ours?.slice(cookieName.length + 1) ?? '';
  return isLocal(headers) && isOperatorToken(token);
}

/** What makes a browser the operator's; no page of another site can have it sent. */
export function operatorCookie(token: string): string {
  return `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Strict`;
}

/** Whether it is the token of this start. */
export function isOperatorToken(token: string): boolean {
  const { operatorToken } = settings;
  if (operatorToken === '' || process.env.NODE_ENV === 'production') {
    return false;
  }
  const [given, right] = [Buffer.from(token), Buffer.from(operatorToken)];
  return given.length === right.length && timingSafeEqual(given, right);
}

/** A foreign name that was made to lead to this machine is not ours. */
function isLocal({ host = '' }: IncomingHttpHeaders): boolean {
  const name = host.replace(/:\d+$/, '').replaceAll(/^\[|\]$/g, '');
  return name === 'localhost' || isIP(name) !== 0;
}
