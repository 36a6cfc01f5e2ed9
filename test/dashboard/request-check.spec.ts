import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import {
  checkAction,
  checkRequest,
} from '../../lib/dashboard/request-check.js';

const ACTION: IncomingHttpHeaders = {
  host: 'localhost:3000',
  'content-type': 'application/json',
  'x-circuit-breaker-action': 'page',
};

/** The code of the refusal of an action with other headers over the page's own. */
function act(headers: IncomingHttpHeaders, allowedHosts: string[] = []) {
  return checkAction({ ...ACTION, ...headers }, allowedHosts)?.code;
}

function read(headers: IncomingHttpHeaders, allowedHosts: string[] = []) {
  return checkRequest({ host: 'localhost:3000', ...headers }, allowedHosts)
    ?.code;
}

describe('an action', () => {
  it('passes as the page sends it', () => {
    expect(act({})).toBeUndefined();
  });

  it('passes from a client that is no browser and says nothing of sites', () => {
    expect(act({ 'sec-fetch-site': undefined })).toBeUndefined();
  });

  it('passes with a character set beside its type, in capitals, too', () => {
    expect(
      act({ 'content-type': 'Application/JSON ; charset=utf-8' }),
    ).toBeUndefined();
  });

  it.each([undefined, '', 'text/plain', 'application/json+x'])(
    'is refused as %p with 415',
    type => {
      const headers = { ...ACTION, 'content-type': type };
      expect(checkAction(headers, [])).toMatchObject({
        status: 415,
        code: 'NOT_JSON',
      });
    },
  );

  it('is refused without its header', () => {
    expect(act({ 'x-circuit-breaker-action': undefined })).toBe(
      'NO_ACTION_HEADER',
    );
  });

  it.each(['cross-site', 'same-site', 'none'])(
    'is refused from what the browser calls %s',
    site => {
      expect(act({ 'sec-fetch-site': site })).toBe('CROSS_SITE');
    },
  );

  it('is refused from what the browser calls same-site even where its name is allowed', () => {
    expect(
      act(
        {
          host: 'ops.example.com',
          origin: 'https://ops.example.com',
          'sec-fetch-site': 'same-site',
        },
        ['ops.example.com'],
      ),
    ).toBe('CROSS_SITE');
  });

  it.each([
    'https://localhost.evil.example',
    'http://localhost:3001',
    'null',
    'no address',
  ])('is refused from %s', origin => {
    expect(act({ origin })).toBe('CROSS_SITE');
  });

  it.each([
    'localhost',
    'dash.localhost:80',
    'localhost.',
    '10.0.0.7',
    '[::1]',
  ])('passes at %s, which nobody can rebind', host => {
    expect(act({ host })).toBeUndefined();
  });

  it.each([
    'evil.example',
    'evillocalhost',
    'localhost.evil.example',
    '10.0.0.7.evil.example',
    'user@localhost',
    'localhost/path',
    'localhost?x',
    'localhost#x',
    'evil.example\\localhost',
    '',
    undefined,
  ])('is refused at %p', host => {
    expect(act({ host })).toBe('HOST_NOT_ALLOWED');
  });
});

describe('a name that is allowed', () => {
  it.each(['ops.example.com', 'OPS.example.com:8443', 'ops.example.com.'])(
    'is found in %s',
    host => {
      expect(act({ host }, ['Ops.Example.com'])).toBeUndefined();
    },
  );

  it.each(['devops.example.com', 'example.com', 'x.ops.example.com'])(
    'is not found in %s',
    host => {
      expect(act({ host }, ['ops.example.com'])).toBe('HOST_NOT_ALLOWED');
    },
  );

  it.each(['example.com', 'a.example.com', 'a.b.example.com'])(
    'covers %s when it begins with a dot',
    host => {
      expect(act({ host }, ['.example.com'])).toBeUndefined();
    },
  );

  it('does not cover a name that only ends alike when it begins with a dot', () => {
    expect(act({ host: 'evilexample.com' }, ['.example.com'])).toBe(
      'HOST_NOT_ALLOWED',
    );
  });

  it('turns reads under other names away, be it one', () => {
    expect(read({ host: 'evil.example' }, ['ops.example.com'])).toBe(
      'HOST_NOT_ALLOWED',
    );
  });
});

describe('a read', () => {
  it('passes under any name while none is listed', () => {
    expect(read({ host: 'ops.example.com' })).toBeUndefined();
  });

  it('passes under the name of HTTP/2', () => {
    expect(
      read({ host: undefined, ':authority': 'ops.example.com' }, [
        'ops.example.com',
      ]),
    ).toBeUndefined();
  });

  it('passes from a page of its own origin, whose port is the usual one', () => {
    expect(
      read({ host: 'ops.example.com:443', origin: 'https://ops.example.com' }),
    ).toBeUndefined();
  });

  it('is refused from another port of the same name', () => {
    expect(
      read({ host: 'ops.example.com', origin: 'http://ops.example.com:81' }),
    ).toBe('CROSS_SITE');
  });

  it.each(['null', 'https://evil.example', 'file://localhost', 'about:blank'])(
    'is refused from %s',
    origin => {
      expect(read({ origin })).toBe('CROSS_SITE');
    },
  );

  it('is refused with an origin where the host cannot be read', () => {
    expect(read({ host: 'a@b', origin: 'http://b' })).toBe('CROSS_SITE');
  });

  it('passes from an allowed name where a proxy changes the host', () => {
    expect(
      read({ host: 'localhost', origin: 'https://ops.example.com' }, [
        'ops.example.com',
      ]),
    ).toBeUndefined();
  });

  it('is refused where a script of another site reads', () => {
    expect(
      read({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }),
    ).toBe('CROSS_SITE');
  });

  it('passes where a link of another site leads here', () => {
    expect(
      read({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }),
    ).toBeUndefined();
  });
});

describe('a refusal', () => {
  const moved =
    'This came from a page of another site. If it is yours, a proxy changes the Host header: list the name that browsers use in allowedHosts.';

  it.each([
    [
      'under another name',
      () => checkAction({ ...ACTION, host: 'Ops.example.com:81' }, []),
      403,
      'The dashboard was reached as "ops.example.com". If that is its name, list it in allowedHosts.',
    ],
    [
      'of a read under another name',
      () => checkRequest({ host: 'a.example' }, ['b.example']),
      403,
      'The dashboard was reached as "a.example". If that is its name, list it in allowedHosts.',
    ],
    [
      'under no name',
      () => checkAction({ ...ACTION, host: undefined }, []),
      403,
      'The dashboard was reached as no readable host. If that is its name, list it in allowedHosts.',
    ],
    [
      'without the header',
      () =>
        checkAction({ host: 'localhost', 'content-type': 'text/plain' }, []),
      403,
      'An action carries the header x-circuit-breaker-action, with any value.',
    ],
    [
      'of another type',
      () => checkAction({ ...ACTION, 'content-type': 'text/plain' }, []),
      415,
      'An action is sent as application/json.',
    ],
    [
      'from another site',
      () => checkAction({ ...ACTION, 'sec-fetch-site': 'same-site' }, []),
      403,
      'This came from a page of another site.',
    ],
    [
      'from another origin',
      () => checkAction({ ...ACTION, origin: 'https://a.example' }, []),
      403,
      moved,
    ],
    [
      'of a read from another origin',
      () =>
        checkRequest({ host: 'localhost', origin: 'https://a.example' }, []),
      403,
      moved,
    ],
  ])('%s says what was wrong and what to do', (_, refuse, status, message) => {
    expect(refuse()).toMatchObject({ status, message });
  });
});
