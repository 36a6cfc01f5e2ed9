import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CircuitView } from '../../lib/dashboard/circuit-view.js';
import type { CircuitState } from '../../lib/state/circuit-state.js';
import {
  historyOf,
  MINUTE,
  NOON,
  SECOND,
  totalsOf,
  troubled,
  viewOf,
  windowOf,
} from './scripted-circuits.js';
import { describePage } from './scripted-page.js';

const LEGEND = '.legend';

describePage('what a circuit tells', scene => {
  beforeAll(() => scene.load());
  // What is shown then is of another process: nothing is left of it.
  beforeEach(() => scene.renew());

  /** What the server answers when it is asked for one circuit. */
  const keep = (circuit: CircuitView, instance = scene.instance) => {
    scene.server.onCircuit = exchange =>
      exchange.json(200, { at: NOON, instance, circuit });
  };

  /** What is answered of a circuit in trouble. */
  const answers = async (circuit: CircuitView) => {
    await scene.show([circuit]);
    return scene.facts('.answers');
  };
  /** The same of one that went through these transitions. */
  const answersAfter = (
    transitions: readonly (readonly [CircuitState, secondsAgo: number])[],
    changes: Partial<CircuitView> = {},
  ) =>
    answers(
      troubled('a', 'open', {
        transitions: transitions.map(([from, secondsAgo]) => ({
          from,
          to: 'open',
          at: NOON - secondsAgo * SECOND,
          reason: `after ${from}`,
        })),
        ...changes,
      }),
    );
  /** Shows its details, with what the server has kept. */
  const opened = async (circuit: CircuitView, instance?: string) => {
    await scene.show([circuit]);
    keep(circuit, instance);
    await scene.toggle(circuit.name);
    await scene.settled();
  };
  /** What the legend says of the second under the pointer. */
  const pointAt = async (share: number) => {
    const box = (await scene.page.locator('.chart .u-over').boundingBox())!;
    await scene.page.mouse.move(box.x + share * box.width, box.y + 50);
    await scene.expectText('.legend-time', /^At /);
    return scene.facts(LEGEND);
  };

  describe('in trouble', () => {
    it('is since when, why, what callers get and when it tries again', async () => {
      expect(
        await answers(
          troubled('a', 'open', {
            lastFailure: {
              at: NOON - 31 * SECOND,
              name: 'TypeError',
              message: 'connect ECONNREFUSED',
            },
          }),
        ),
      ).toEqual({
        'Next probe': '0:30',
        Since: '11:59:30, for 30 s',
        Why: 'Ten failures in a row',
        'Callers get': 'No calls since the trouble began',
        'Last failure': 'TypeError: connect ECONNREFUSED (31 s ago)',
      });
      expect(await scene.texts('.answers dt')).toEqual([
        'Next probe',
        'Since',
        'Why',
        'Callers get',
        'Last failure',
      ]);
      expect(await scene.isVisible('.bar')).toBe(true);
      expect(await scene.texts('.is-due')).toEqual([]);
      // Followed while it lasts.
      await scene.figures(
        [
          troubled('a', 'open', {
            totals: totalsOf({ calls: 3, rejected: 4 }),
          }),
        ],
        { at: NOON + 2 * SECOND },
      );
      expect(await scene.facts('.answers')).toMatchObject({
        'Next probe': '0:28',
        'Callers get': '4 errors, 3 real answers since the trouble began',
      });
    });

    it.each([
      ['open', { nextProbe: NOON }, 'due: the next call', 'scaleX(1)'],
      ['open', { nextProbe: NOON + 1 }, '0:01', 'scaleX(1)'],
      ['open', { nextProbe: NOON + 90 * SECOND }, '1:30', 'scaleX(0.25)'],
      ['open', { since: NOON + SECOND }, '0:30', 'scaleX(0)'],
      ['open', { nextProbe: NOON - MINUTE }, 'due: the next call', 'scaleX(1)'],
      ['half-open', {}, 'probing now', undefined],
      ['forced-open', {}, 'not until released', undefined],
      ['forced-closed', {}, 'not until released', undefined],
    ] as const)(
      'tries again: %s, %j',
      async (state, changes, next, progress) => {
        const facts = await answers(troubled('a', state, changes));
        expect(facts).toMatchObject({ 'Next probe': next });
        expect(facts).not.toHaveProperty('Last failure');
        expect(await scene.isVisible('.bar')).toBe(progress !== undefined);
        expect(await scene.texts('.next.is-due')).toHaveLength(
          next.startsWith('due') ? 1 : 0,
        );
        if (progress === undefined) return;
        expect(
          await scene.read(
            `document.querySelector('.bar span').style.transform`,
          ),
        ).toBe(progress);
        // It grows from the left.
        expect(
          await scene.read(
            `(bar => bar.firstChild.getBoundingClientRect().left - bar.getBoundingClientRect().left)(document.querySelector('.bar'))`,
          ),
        ).toBe(0);
      },
    );

    it('is one outage, however often a probe failed', async () => {
      const outage = [
        ['closed', 86_400],
        ['half-open', 200],
        ['closed', 125],
        ['half-open', 60],
        ['half-open', 30],
      ] as const;
      expect(await answersAfter(outage)).toMatchObject({
        Since: '11:59:30, for 30 s; not closed since 11:57:55',
        Why: 'After half-open',
        'Callers get': 'No calls in the last minute',
      });
      expect(
        await answersAfter([
          ['closed', 43_201],
          ['half-open', 30],
        ]),
      ).toMatchObject({
        Since: '11:59:30, for 30 s; not closed since 14 Jan, 23:59:59',
      });
      // Its beginning is among those that are kept no more.
      expect(await answersAfter([['half-open', 30]])).toMatchObject({
        Since: '11:59:30, for 30 s',
      });
      expect(
        await answersAfter([['closed', 86_400]], {
          since: NOON - 86_400 * SECOND,
        }),
      ).toMatchObject({ Since: '14 Jan, 12:00:00, for 1 d 0 h' });
      expect(
        await answersAfter([], { sentence: 'nobody knows' }),
      ).toMatchObject({
        Why: 'Nobody knows',
      });
    });

    it('tells how its probes do', async () => {
      const halfOpen = {
        admitted: 9,
        successes: 1,
        failures: 2,
        inFlight: 3,
      };
      expect(
        await answers(troubled('a', 'half-open', { halfOpen })),
      ).toMatchObject({
        Why: 'Trying again: 1 probe succeeded, 2 failed, 3 in flight',
      });
      expect(
        await answers(
          troubled('a', 'half-open', {
            halfOpen: { admitted: 4, successes: 4, failures: 0, inFlight: 0 },
          }),
        ),
      ).toMatchObject({
        Why: 'Trying again: 4 probes succeeded, 0 failed, 0 in flight',
      });
      expect(
        await answers(troubled('a', 'half-open', { halfOpen: null })),
      ).toMatchObject({
        Why: 'Ten failures in a row',
      });
    });

    it.each([
      [
        { calls: 4, failures: 3, rejected: 5, fallbacks: 6 },
        30,
        '6 answers from a fallback, 2 errors, 1 real answer since the trouble began',
      ],
      [
        { calls: 3, failures: 3, rejected: 5, fallbacks: 8 },
        60,
        '8 answers from a fallback, no errors since the trouble began',
      ],
      [
        { rejected: 1, fallbacks: 2 },
        61,
        '2 answers from a fallback, no errors in the last minute',
      ],
      [
        { calls: 1, fallbacks: 1 },
        61,
        '1 answer from a fallback, no errors, 1 real answer in the last minute',
      ],
      [{ calls: 7 }, 61, '0 errors, 7 real answers in the last minute'],
      [{ rejected: 1 }, 30, '1 error since the trouble began'],
      [{ calls: 2, failures: 2 }, 600, '2 errors in the last minute'],
    ])('gives callers: %j in %i s', async (counts, secondsAgo, text) => {
      const at = NOON - secondsAgo * SECOND;
      const lists = Object.fromEntries(
        Object.entries(counts).map(([series, count]) => [series, [count, 0]]),
      );
      expect(
        await answers(
          troubled('a', 'open', {
            since: at,
            transitions: [{ from: 'closed', to: 'open', at, reason: 'why' }],
            history: historyOf(5, lists),
          }),
        ),
      ).toMatchObject({ 'Callers get': text });
    });

    it('counts what callers got since then alone', async () => {
      const each = Array<number>(30).fill(1);
      const history = historyOf(5, { rejected: each });
      expect(await answers(troubled('a', 'open', { history }))).toMatchObject({
        'Callers get': '5 errors since the trouble began',
      });
      const at = NOON - 5 * MINUTE;
      expect(
        await answers(
          troubled('a', 'open', {
            history,
            transitions: [{ from: 'closed', to: 'open', at, reason: 'why' }],
          }),
        ),
      ).toMatchObject({ 'Callers get': '11 errors in the last minute' });
    });
  });

  describe('in its details', () => {
    const SENTENCE = '.sentence';

    it('opens under its name, and closes again', async () => {
      await scene.show([viewOf('a'), viewOf('b', { key: 'k' })]);
      const button = scene.row('a').locator('.name');
      expect(await button.getAttribute('aria-expanded')).toBe('false');
      await button.click();
      expect(await button.getAttribute('aria-expanded')).toBe('true');
      const id = await button.getAttribute('aria-controls');
      expect(await scene.texts(`#closed > .circuit > #${id}`)).toHaveLength(1);
      expect(await scene.texts('.details h4')).toEqual([
        'Latency',
        'Window',
        'In all',
        'Opens at',
        'Fleet',
        'Recent transitions',
      ]);
      expect(
        await scene.read(
          `[...document.querySelectorAll('.details > *')].map(each => each.className || each.localName)`,
        ),
      ).toEqual(['sentence', 'actions', 'figure', 'columns', 'h4', 'scroll']);
      await button.click();
      expect(await button.getAttribute('aria-expanded')).toBe('false');
      expect(await scene.texts('.details')).toEqual([]);
      await scene.figures([viewOf('a', { totals: totalsOf({ calls: 1 }) })]);
      await scene.page.getByText('Show 1 closed key').click();
      await scene.toggle('k');
      await scene.settled();
      // A heading under a heading of the fourth level.
      expect(await scene.texts('.details h5')).toHaveLength(6);
      expect(await scene.texts('.details h4')).toEqual([]);
      expect(
        await scene.row('k').locator('.name').getAttribute('aria-controls'),
      ).not.toBe(id);
      expect(scene.server.askedFor).toEqual([
        'api/circuit?name=a',
        'api/circuit?name=b&key=k',
      ]);
    });

    it('says in a sentence how it is', async () => {
      await scene.show([viewOf('a')]);
      await scene.toggle('a');
      expect(await scene.text(SENTENCE)).toBe(
        'Closed: no calls in its window.',
      );
      await scene.figures([viewOf('a', { window: windowOf(20, 3, 4) })]);
      expect(await scene.text(SENTENCE)).toBe(
        'Closed: of 20 calls in its window 3 failed and 4 were slow.',
      );
      await scene.figures([
        viewOf('a', { window: windowOf(3_000, 2_000, 1_000) }),
      ]);
      expect(await scene.text(SENTENCE)).toBe(
        'Closed: of 3,000 calls in its window 2,000 failed and 1,000 were slow.',
      );
      await scene.figures([viewOf('a', { window: windowOf(1, 0, 0) })]);
      expect(await scene.text(SENTENCE)).toBe(
        'Closed: of 1 call in its window 0 failed and 0 were slow, too few for a rate to count.',
      );
      await scene.figures([viewOf('a', { window: windowOf(19, 0, 0) })]);
      expect(await scene.text(SENTENCE)).toBe(
        'Closed: of 19 calls in its window 0 failed and 0 were slow, too few for a rate to count.',
      );
      await scene.change([troubled('a', 'open')]);
      expect(await scene.text(SENTENCE)).toBe(
        '"a" is open because ten failures in a row.',
      );
      await scene.figures([troubled('a', 'open', { sentence: 'Still open.' })]);
      expect(await scene.text(SENTENCE)).toBe('Still open.');
    });

    it('has every figure at its place', async () => {
      const { thresholds } = viewOf('a');
      const circuit = viewOf('a', {
        latency: { mean: 1, p50: 2, p90: 3, p99: 4, max: 5 },
        window: windowOf(20_000, 2_000, 1_300),
        inFlight: 7_000,
        totals: totalsOf({
          calls: 1,
          successes: 1_002,
          failures: 1_003,
          ignored: 1_004,
          rejected: 1_005,
          fallbacks: 1_006,
        }),
        thresholds: {
          ...thresholds,
          minimumCalls: 2_000,
          consecutiveFailures: 1_000,
        },
      });
      const expected = {
        Mean: '1.0 ms',
        p50: '2.0 ms',
        p90: '3.0 ms',
        p99: '4.0 ms',
        Longest: '5.0 ms',
        Calls: '20,000',
        Failed: '2,000 (10 %)',
        Slow: '1,300 (6.5 %)',
        'In flight': '7,000',
        Successes: '1,002',
        Failures: '1,003',
        Ignored: '1,004',
        Refused: '1,005',
        Fallbacks: '1,006',
        'Failure rate': '50 %',
        'Slower than': '2.0 s, at 50 %',
        'Of at least': '2,000 calls',
        'In a row': '1,000 failures',
        'Stays open': '1 min 0 s or longer',
      };
      await scene.show([circuit]);
      await scene.toggle('a');
      expect(await scene.facts('.block')).toEqual(expected);
      expect(
        await scene.read(
          `[...document.querySelectorAll('.block')].map(block => [...block.querySelectorAll('h4, dt')].map(each => each.textContent).join(', '))`,
        ),
      ).toEqual([
        'Latency, Mean, p50, p90, p99, Longest',
        'Window, Calls, Failed, Slow, In flight',
        'In all, Successes, Failures, Ignored, Refused, Fallbacks',
        'Opens at, Failure rate, Slower than, Of at least, In a row, Stays open',
        'Fleet, State of all, Instances, Calls of all, Of them failed, Share of this one',
      ]);

      await scene.figures([
        {
          ...circuit,
          inFlight: 8,
          inFlightSlow: 1,
          shared: {
            joined: true,
            state: 'half-open',
            generation: 1,
            instances: 3_000,
            share: 0.25,
            window: { calls: 4_000, failures: 400, slow: 1 },
          },
        },
      ]);
      const fleet = {
        'State of all': 'Half-open',
        Instances: '3,000',
        'Calls of all': '4,000',
        'Of them failed': '400 (10 %)',
        'Share of this one': '25 %',
      };
      expect(await scene.facts('.block')).toEqual({
        ...expected,
        ...fleet,
        'In flight': '8, 1 slow',
      });
      await scene.figures([
        { ...circuit, inFlight: 8_000, inFlightSlow: 2_000 },
      ]);
      expect(await scene.facts('.block')).toMatchObject({
        'In flight': '8,000, 2,000 slow',
      });

      await scene.change([
        viewOf('a', {
          thresholds: {
            ...thresholds,
            failureRateThreshold: 0.1234,
            slowCallDuration: false,
            minimumCalls: 1,
            consecutiveFailures: 1,
            openDuration: null,
          },
          shared: {
            joined: false,
            state: null,
            generation: 1,
            instances: 0,
            share: null,
            window: null,
          },
        }),
      ]);
      expect(await scene.facts('.block')).toMatchObject({
        'Failure rate': '12.3 %',
        'Slower than': 'off',
        'Of at least': '1 call',
        'In a row': '1 failure',
        'Stays open': 'as a function says',
        'State of all': 'out of reach',
        'Calls of all': '–',
        'Of them failed': '–',
        'Share of this one': '–',
      });
      await scene.change([
        viewOf('a', {
          thresholds: {
            ...thresholds,
            failureRateThreshold: false,
            slowCallRateThreshold: false,
            consecutiveFailures: false,
          },
        }),
      ]);
      expect(await scene.facts('.block')).toMatchObject({
        'Failure rate': 'off',
        'Slower than': '2.0 s, at off',
        'In a row': 'off',
      });
      expect(await scene.facts('.block')).not.toHaveProperty('Instances');
    });

    it('lists its transitions, the latest first', async () => {
      await scene.show([viewOf('a')]);
      await scene.toggle('a');
      const rows = () =>
        scene.read(
          `[...document.querySelectorAll('.details tr')].map(row => [...row.children].map(each => each.textContent).join(' | '))`,
        );
      expect(await rows()).toEqual([
        'When | To | Reason',
        'None: closed since the start.',
      ]);
      expect(
        await scene.read(
          `[...document.querySelectorAll('.details th, .details td')].map(each => each.scope || each.colSpan)`,
        ),
      ).toEqual(['col', 'col', 'col', 3]);
      await scene.change([
        viewOf('a', {
          transitions: [
            { from: 'closed', to: 'open', at: NOON - 86_400_000, reason: 'x' },
            { from: 'open', to: 'half-open', at: NOON - 2_000, reason: 'y' },
            { from: 'half-open', to: 'closed', at: NOON - 1_000, reason: 'z' },
          ],
        }),
      ]);
      expect(await rows()).toEqual([
        'When | To | Reason',
        '11:59:59 | Closed | z',
        '11:59:58 | Half-open | y',
        '14 Jan, 12:00:00 | Open | x',
      ]);
      expect(
        await scene.read(
          `[...document.querySelectorAll('td .badge')].map(each => each.className)`,
        ),
      ).toEqual([
        'badge badge-closed',
        'badge badge-half-open',
        'badge badge-open',
      ]);
      // A long table is scrolled by keyboard too, and has a name.
      const table = scene.page.getByRole('region', {
        name: 'Recent transitions of a',
      });
      await table.focus();
      expect(await scene.focused()).toContain('WhenToReason');
    });
  });

  describe('in its chart', () => {
    const ascending = Array.from({ length: 300 }, (_, index) => 1_000 + index);

    it('has the sums of the last minute beside it, and those of a second that is pointed at', async () => {
      await scene.show([viewOf('a')]);
      const sums = {
        calls: [1_000, 0],
        failures: [2, 0],
        slow: [3, 0],
        rejected: [4, 0],
        fallbacks: [5, 0],
      };
      scene.server.onCircuit = exchange =>
        exchange.json(200, {
          instance: scene.instance,
          circuit: viewOf('a', {
            history: historyOf(1, {
              calls: ascending,
              failures: ascending.map(count => count - 400),
              slow: ascending.map(count => count - 300),
              rejected: ascending.map(count => count - 200),
              fallbacks: ascending.map(count => count - 100),
            }),
          }),
        });
      await scene.show([viewOf('a', { history: historyOf(5, sums) })]);
      await scene.toggle('a');
      await scene.settled();
      const lastMinute = {
        Calls: '1,000',
        Failures: '2',
        Slow: '3',
        Refused: '4',
        'From a fallback': '5',
      };
      const label = () =>
        scene.page.locator('.chart').getAttribute('aria-label');
      expect(await scene.facts(LEGEND)).toEqual(lastMinute);
      expect(await scene.text('.legend-time')).toBe('Sums of the last minute');
      expect(await scene.text('figcaption')).toBe(
        'Each second of the last five minutesSums of the last minute',
      );
      expect(await label()).toBe(
        'Chart of the last five minutes. In the last minute calls 1000, failures 2, slow 3, refused 4, from a fallback 5.',
      );
      for (const share of [0.1, 0.5, 0.9]) {
        const facts = await pointAt(share);
        const [, time] = (await scene.text('.legend-time')).split(' ');
        const secondsAgo = (NOON - Date.parse(`2026-01-15T${time}Z`)) / 1_000;
        expect(Math.abs(secondsAgo - 299 * (1 - share))).toBeLessThan(2);
        expect(facts).toEqual({
          Calls: (1_299 - secondsAgo).toLocaleString('en'),
          Failures: String(899 - secondsAgo),
          Slow: String(999 - secondsAgo).replace(/^(\d)(\d{3})$/, '$1,$2'),
          Refused: (1_099 - secondsAgo).toLocaleString('en'),
          'From a fallback': (1_199 - secondsAgo).toLocaleString('en'),
        });
      }
      // Who cannot see it is not told of where the pointer is.
      expect(await label()).toMatch(/calls 1000,/);
      await scene.page.mouse.move(5, 5);
      await scene.expectText('.legend-time', 'Sums of the last minute');
      expect(await scene.facts(LEGEND)).toEqual(lastMinute);
      const steady = Array<number>(60).fill(1);
      await scene.show([
        viewOf('a', { history: historyOf(5, { calls: steady }) }),
      ]);
      await scene.toggle('a');
      await scene.settled();
      // Of the five minutes only the last one: the step now has none yet.
      expect(await scene.facts(LEGEND)).toMatchObject({ Calls: '11' });
    });

    it('goes on with each second, and begins anew with the stream', async () => {
      const circuit = viewOf('a', {
        history: historyOf(1, { calls: [4, 5] }),
      });
      await scene.show([circuit]);
      keep(circuit);
      await scene.toggle('a');
      await scene.settled();
      await scene.figures([viewOf('a', { totals: totalsOf({ calls: 70 }) })], {
        at: NOON + SECOND,
      });
      expect(await pointAt(0.999)).toMatchObject({ Calls: '70' });
      expect(await scene.text('.legend-time')).toBe('At 12:00:01');
      keep(viewOf('a', { history: historyOf(1, { calls: [8, 9] }) }));
      await scene.snapshot([viewOf('a')]);
      await scene.settled();
      expect(await pointAt(0.999)).toMatchObject({ Calls: '9' });
      expect(scene.server.askedFor).toHaveLength(2);
    });

    it('tells of which day a second is, where that is not today', async () => {
      await opened(viewOf('a'));
      await scene.figures([viewOf('a')], { at: NOON + 43_260 * SECOND });
      await pointAt(0.1);
      await scene.expectText('.legend-time', /^At 15 Jan, 23:56:[23]\d$/);
      await pointAt(0.999);
      await scene.expectText('.legend-time', /^At 00:0[01]:\d\d$/);
    });

    it('shows all five minutes, wherever the pointer is dragged', async () => {
      await opened(viewOf('a'));
      const timeAt = async (share: number) => {
        await pointAt(share);
        return scene.text('.legend-time');
      };
      const before = await timeAt(0.1);
      await timeAt(0.3);
      await scene.page.mouse.down();
      await timeAt(0.7);
      await scene.page.mouse.up();
      await timeAt(0.9);
      expect(await timeAt(0.1)).toBe(before);
    });

    it('has times and counts on its axes, and lines that are dotted or dashed as in its legend', async () => {
      await scene.read(WATCH_CANVAS);
      await opened(
        viewOf('a', {
          history: historyOf(1, {
            calls: [1_000, 1_000],
            slow: [500, 500],
            fallbacks: [200, 200],
          }),
        }),
      );
      const written = await scene.read<string[]>('[...window.written]');
      const times = written.filter(text => text.includes(':'));
      expect(times.length).toBeGreaterThan(2);
      for (const time of times) expect(time).toMatch(/^1(1:5[5-9]|2:00):\d\d$/);
      expect(written).toContain('1,000');
      const colours = await scene.coloursOf(['calls', 'slow', 'fallbacks']);
      expect(
        await scene.read(
          `window.dashesOf(${JSON.stringify(Object.values(colours))})`,
        ),
      ).toEqual(['', '2,2', '6,3']);
      const edges = ['calls', 'slow', 'fallbacks'].map(series =>
        scene.style(`.series-${series} dt`, 'border-top-style', '::before'),
      );
      expect(await Promise.all(edges)).toEqual(['solid', 'dotted', 'dashed']);
    });

    it('takes no seconds of another process', async () => {
      await opened(
        viewOf('a', { history: historyOf(1, { calls: [4, 5] }) }),
        'another',
      );
      expect(await pointAt(0.999)).toMatchObject({ Calls: '0' });
      await scene.figures([viewOf('a', { totals: totalsOf({ calls: 7 }) })]);
      expect(await pointAt(0.999)).toMatchObject({ Calls: '7' });
      expect(scene.complaints).toEqual([]);
    });

    it('draws each series in the colour that its legend has', async () => {
      const circuit = viewOf('a', {
        history: historyOf(1, {
          calls: sum(block(0, 10), block(2, 10), block(3, 10), block(4, 10)),
          rejected: block(1, 10),
          failures: block(2, 6),
          slow: block(3, 5),
          fallbacks: block(4, 5),
        }),
      });
      const series = [
        'calls-fill',
        'rejected-fill',
        'failures-fill',
        'slow',
        'fallbacks',
      ];
      const expected = [
        'calls-fill',
        'rejected-fill',
        'calls-fill failures-fill',
        'calls-fill slow',
        'calls-fill fallbacks',
        '',
      ];
      await opened(circuit);
      expect(await scene.drawnIn('.chart', 6, series)).toEqual(expected);
      expect(await scene.drawnIn('.chart', 1, ['muted'], '.u-axis')).toEqual([
        'muted',
      ]);
      const edges = ['calls', 'rejected', 'failures'];
      expect((await scene.drawnIn('.chart', 6, edges)).slice(0, 3)).toEqual([
        'calls',
        'rejected',
        'calls failures',
      ]);
      const legend = await scene.read(
        `[...document.querySelectorAll('.legend .fact')].map(fact => [fact.className.replace('fact series series-', ''), getComputedStyle(fact.firstChild, '::before').borderTopColor])`,
      );
      const colours = await scene.coloursOf([
        'calls',
        'failures',
        'slow',
        'rejected',
        'fallbacks',
      ]);
      expect(legend).toEqual(Object.entries(colours));
      // Another theme, other colours; in the row too.
      await scene.page.locator('#theme').click();
      await scene.page.locator('#theme').click();
      expect(await scene.coloursOf(['calls'])).not.toEqual({
        calls: colours['calls'],
      });
      await scene.seen();
      expect(await scene.drawnIn('.chart', 6, series)).toEqual(expected);
      expect(await scene.drawnIn('.spark', 1, ['calls-fill'])).toEqual([
        'calls-fill',
      ]);
      await scene.page.locator('#theme').click();
    });

    it('is as wide as there is room', async () => {
      await opened(viewOf('a'));
      const widths = () =>
        scene.read<number[]>(
          `[document.querySelector('.chart').clientWidth, document.querySelector('.chart .uplot').clientWidth]`,
        );
      const [before] = await widths();
      expect(await widths()).toEqual([before, before]);
      await scene.page.setViewportSize({ width: 700, height: 900 });
      await scene.eventually(async () => {
        const [room, width] = await widths();
        return room! < before! && width === room;
      });
      expect(
        await scene.read(
          `document.querySelector('.chart .uplot').clientHeight`,
        ),
      ).toBe(184);
      await scene.page.setViewportSize({ width: 1180, height: 900 });
    });
  });
});

/** Remembers what is written into canvases, and which lines are drawn in which colour. */
const WATCH_CANVAS = `(() => {
  const { prototype } = CanvasRenderingContext2D;
  const { fillText, stroke } = prototype;
  const dashes = new Map();
  window.written = new Set();
  prototype.fillText = function (text, ...place) {
    window.written.add(text);
    fillText.call(this, text, ...place);
  };
  prototype.stroke = function (...path) {
    dashes.set(this.strokeStyle, this.getLineDash().join());
    stroke.apply(this, path);
  };
  window.dashesOf = colours => {
    const context = document.createElement('canvas').getContext('2d');
    return colours.map(colour => {
      context.strokeStyle = colour;
      return dashes.get(context.strokeStyle);
    });
  };
})()`;

/** Five minutes in six parts, of which one has so many calls each second. */
function block(at: number, count: number): number[] {
  return [
    ...Array<number>(50 * at).fill(0),
    ...Array<number>(50).fill(count),
    ...Array<number>(250 - 50 * at).fill(0),
  ];
}

function sum(...lists: number[][]): number[] {
  return lists[0]!.map((_, index) =>
    lists.reduce((all, list) => all + list[index]!, 0),
  );
}
