import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { pageFiles } from '../../lib/dashboard/page-files.js';
import { DashboardApplication } from '../dashboard/dashboard-application.js';
import { fuzzSettings, oddText } from './bad-input.js';
import { sendRaw, type RawAnswer, type RawRequest } from './raw-request.js';

/** As many as may read the stream at once. */
const MOST_VIEWERS = 100;

/** What the build would put there. */
const FILES = {
  'index.html': { type: 'text/html', content: '<title>Circuits</title>' },
  'assets/page.js': { type: 'text/javascript', content: 'export {};' },
};

/** Text as it can stand in a URL or a header, a byte a character, on one line. */
const bytesOf = (text: string) =>
  Buffer.from(text, 'utf8')
    .toString('latin1')
    .replaceAll(/[\r\n]/g, ' ');
const encoded = (text: string) =>
  Array.from(
    Buffer.from(text, 'utf8'),
    byte => `%${byte.toString(16).padStart(2, '0')}`,
  ).join('');

const word = fc.oneof(
  oddText.map(encoded),
  oddText.map(text => bytesOf(text).replaceAll(' ', '+')),
  fc.constantFrom(
    'payments',
    'nobody',
    'page.js',
    '%',
    '%zz',
    '%00',
    '%E0%A4%A',
    '%2e%2e%2f%2e%2e%2fpackage.json',
    '..',
    '.',
    '%5c..%5c',
    ';a=b',
    '[]',
    'a'.repeat(3_000),
    'a'.repeat(70_000),
  ),
);
const pair = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('name', 'key', 'name[]', 'name[__proto__]', 'KEY', ''),
      word,
    ),
    fc.constantFrom('=', '', '=='),
    word,
  )
  .map(parts => parts.join(''));
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 5,
    arbitrary: fc
      .array(pair, { minLength: 1, maxLength: 4 })
      .map(pairs => `?${pairs.join('&')}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      `?${'&'.repeat(2_000)}`,
      `?${'a=1&'.repeat(1_500)}`,
      `?name=${'['.repeat(500)}`,
      '?',
      '#',
      '?a#b',
    ),
  },
);

/** The paths of what can be read, and their like. */
function targetsUnder(base: string): fc.Arbitrary<string> {
  const known = fc.constantFrom(
    base === '' ? '/' : base,
    `${base}/`,
    `${base}//`,
    `${base}/api/circuits`,
    `${base}/api/circuit`,
    `${base}/api/circuits/`,
    `${base}/api/actions`,
    `${base}/assets/page.js`,
  );
  const path = fc.oneof(
    { weight: 4, arbitrary: known },
    { weight: 3, arbitrary: word.map(name => `${base}/assets/${name}`) },
    { weight: 1, arbitrary: word.map(name => `${base}/${name}`) },
    { weight: 1, arbitrary: word.map(name => `${base}/api/${name}/`) },
    { weight: 1, arbitrary: known.map(each => each.toUpperCase()) },
  );
  const origin = fc.oneof(
    { weight: 12, arbitrary: fc.constant('') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'http://elsewhere.example',
        'http://[',
        'http://a:99999',
        'http://%00',
        'file://',
        'x:',
        '/',
        '//[',
      ),
    },
  );
  const asked = fc
    .tuple(origin, path, query)
    .map(([from, to, what]) => `${from}${to}${what}`);
  return fc.oneof(
    { weight: 30, arbitrary: asked },
    { weight: 1, arbitrary: fc.constantFrom('*', '/', 'circuits', '?', '//') },
  );
}

const header = fc.oneof(
  { weight: 8, arbitrary: oddText.map(bytesOf) },
  { weight: 2, arbitrary: fc.webUrl() },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '*/*',
      'gzip;q=nothing',
      'bytes=5-1',
      'W/"',
      'null',
      'cross-site',
      'navigate',
      'h2c',
      '-1',
      '9'.repeat(400),
      'a=1; '.repeat(900),
    ),
  },
);
const headers = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  {
    weight: 3,
    arbitrary: fc.array(
      fc.tuple(
        fc.constantFrom(
          'Last-Event-ID',
          'Accept',
          'Accept-Encoding',
          'Origin',
          'Sec-Fetch-Site',
          'Sec-Fetch-Mode',
          'Cookie',
          'Range',
          'If-None-Match',
          'If-Modified-Since',
          'Expect',
          'Upgrade',
          'Content-Type',
          'X-Forwarded-Host',
          'X-Forwarded-Prefix',
          'X-HTTP-Method-Override',
          '__proto__',
          'constructor',
        ),
        header,
      ),
      { maxLength: 4 },
    ),
  },
);
const host = fc.oneof(
  { weight: 5, arbitrary: fc.constant([['Host', '127.0.0.1'] as const]) },
  { weight: 1, arbitrary: header.map(value => [['Host', value] as const]) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<(readonly [string, string])[]>(
      [],
      [
        ['Host', 'a'],
        ['Host', 'b'],
      ],
      [['Host', '[::1']],
      [['Host', 'a@b/c?d#e']],
    ),
  },
);
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constant('GET') },
  { weight: 3, arbitrary: fc.constantFrom('HEAD', 'OPTIONS') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'),
  },
);

function requests(target: fc.Arbitrary<string>): fc.Arbitrary<RawRequest> {
  return fc
    .record({ method, target, host, others: headers })
    .map(({ host: named, others, ...rest }) => ({
      ...rest,
      headers: [...named, ...others],
    }));
}

/** How many sockets this process has; suites before this one may have left some. */
const sockets = () =>
  process.getActiveResourcesInfo().filter(kind => kind.startsWith('TCP'))
    .length;

const isFirstMessage = ({ body }: RawAnswer) =>
  body.includes('event: snapshot') && body.includes('\n\n');

describe.each([
  ['express', 'circuits'],
  ['fastify', 'circuits'],
  ['express', '/'],
  ['fastify', '/'],
] as const)('fuzzed reads of the dashboard on %s at %s', (platform, path) => {
  const base = path === '/' ? '' : `/${path}`;
  const events = `${base}/api/events`;
  const failures: unknown[] = [];
  const note = (error: unknown) => void failures.push(error);
  const timers = new Set<unknown>();
  let before: number;
  let app: DashboardApplication;

  beforeAll(async () => {
    Object.assign(pageFiles, FILES);
    jest.spyOn(Logger.prototype, 'error').mockImplementation(note);
    process.on('unhandledRejection', note);
    process.on('uncaughtExceptionMonitor', note);
    before = sockets();
    const { setInterval: begin, clearInterval: end } = globalThis;
    jest.spyOn(globalThis, 'setInterval').mockImplementation((...args) => {
      const timer = begin(...args);
      timers.add(timer);
      return timer;
    });
    jest.spyOn(globalThis, 'clearInterval').mockImplementation(timer => {
      timers.delete(timer);
      end(timer);
    });
    app = await DashboardApplication.start({
      platform,
      dashboard: { path, authorize: () => true },
    });
    await app.fail('payments', 10);
    app.registry.keyed('payments', 'a/b?c');
  });

  afterAll(async () => {
    process.off('unhandledRejection', note);
    process.off('uncaughtExceptionMonitor', note);
    jest.restoreAllMocks();
    for (const name of Object.keys(FILES))
      Reflect.deleteProperty(pageFiles, name);
    await app.app.close();
  });

  /** Everything that a read must leave as it is; times that run on are not among it. */
  function circuits(): unknown {
    return app.registry
      .snapshot()
      .map(({ name, key, state, generation, totals, transitions }) => ({
        name,
        key,
        state,
        generation,
        totals,
        transitions,
      }));
  }

  it('are answered clearly, never with a 500, and change nothing', async () => {
    const known = circuits();
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(requests(targetsUnder(base)), async request => {
        const answer = await sendRaw(app.port, request);
        statuses.add(answer.status);
        judge(request, answer);
        expect(circuits()).toEqual(known);
      }),
      fuzzSettings,
    );
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404]));
  });

  it('of the stream begin it or say why not, and leave no reader behind', async () => {
    const known = circuits();
    const target = query.map(what => `${events}${what}`);
    await fc.assert(
      fc.asyncProperty(requests(target), async request => {
        const answer = await sendRaw(app.port, request, isFirstMessage);
        judge(request, answer);
        if (answer.status === 200 && request.method === 'GET') {
          expect(isFirstMessage(answer)).toBe(true);
        }
        expect(circuits()).toEqual(known);
      }),
      { ...fuzzSettings, numRuns: Math.ceil(fuzzSettings.numRuns / 3) },
    );
  });

  it('of the stream that break off at any byte leave no reader behind', async () => {
    const headersOf = [['Host', '127.0.0.1']] as const;
    const request = { method: 'GET', target: events, headers: headersOf };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 3_000 }), { minLength: 1, maxLength: 20 }),
        async cuts => {
          await Promise.all(
            cuts.map(cut =>
              sendRaw(
                app.port,
                request,
                ({ head, body }) => head.length + body.length >= cut,
              ),
            ),
          );
        },
      ),
      { ...fuzzSettings, numRuns: 20 },
    );
    // Were one of them left, there would be no room for so many at once.
    const answered = new Set<number>();
    const answers = await Promise.all(
      Array.from({ length: MOST_VIEWERS }, (_, reader) =>
        sendRaw(app.port, request, answer => {
          if (isFirstMessage(answer) || answer.status >= 400) {
            answered.add(reader);
          }
          return answered.size === MOST_VIEWERS;
        }),
      ),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  });

  it('have left nothing behind', async () => {
    const answer = await sendRaw(app.port, {
      method: 'GET',
      target: `${base}/api/circuits`,
      headers: [['Host', '127.0.0.1']],
    });
    expect(answer.status).toBe(200);
    expect(failures).toEqual([]);
    expect(({} as Record<string, unknown>)['name']).toBeUndefined();
    expect(timers.size).toBe(1);
    await app.app.close();
    expect(timers.size).toBe(0);
    for (let tries = 0; tries < 100 && sockets() > before; tries++) {
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    expect(sockets()).toBeLessThanOrEqual(before);
  });
});

function judge({ method: asked }: RawRequest, answer: RawAnswer): void {
  const { status, head, body } = answer;
  const isOurs = /^x-frame-options: DENY/im.test(head);
  expect(status).toBeGreaterThanOrEqual(200);
  expect(status).toBeLessThan(500);
  expect(body).not.toMatch(/node_modules|\.ts:\d|\.js:\d/);
  // What Node's parser refuses, Fastify answers without a look at the method.
  if (asked === 'HEAD' && isOurs) expect(body).toBe('');
  if (status >= 400 && /^content-type: application\/json/im.test(head)) {
    expect(body === '' ? asked : reasonIn(body)).not.toBe('');
  }
}

/** Ours are `{ error: { message } }`; what no route takes is answered by Nest. */
function reasonIn(body: string): string {
  const text = body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1);
  const { error, message } = JSON.parse(text) as {
    error?: { message?: string } | string;
    message?: string;
  };
  return (typeof error === 'object' ? error.message : message) ?? '';
}
