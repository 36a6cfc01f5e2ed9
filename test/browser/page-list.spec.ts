import { beforeEach, expect, it } from '@jest/globals';
import type { CircuitView } from '../../lib/dashboard/circuit-view.js';
import {
  historyOf,
  NOON,
  SECOND,
  totalsOf,
  troubled,
  viewOf,
  windowOf,
} from './scripted-circuits.js';
import { describePage } from './scripted-page.js';

const SHADOW = { mode: 'shadow' } as const;
const CHIPS = '#counts .chip';

describePage('the list of circuits', scene => {
  beforeEach(() => scene.load());

  const names = (list: '#trouble' | '#closed') =>
    scene.texts(`${list} .name-text`);
  const chip = (word: string) =>
    scene.page.locator(CHIPS, { hasText: new RegExp(`\\d ${word}$`) }).click();
  const search = (text: string) => scene.page.locator('#search').fill(text);

  it('connects, then is live and tells what may be done', async () => {
    expect(await scene.text('#connection')).toBe('Connecting…');
    expect(await scene.isVisible('#calm')).toBe(false);
    // Nor is there anything else that is not known yet.
    expect(
      await scene.read(
        `['lost', 'fleet', 'omitted'].filter(id => !document.getElementById(id).hidden)`,
      ),
    ).toEqual([]);
    expect(await scene.texts(CHIPS)).toEqual([
      '– all',
      '– open',
      '– half-open',
      '– forced',
      '– closed',
    ]);
    await scene.show([]);
    expect(await scene.text('#connection')).toBe('Live');
    expect(await scene.isVisible('#calm')).toBe(false);
    expect(await scene.isVisible('#omitted')).toBe(false);
    expect(await scene.text('#rights')).toBe('Read-only.');
    await scene.show([viewOf('a')], { actions: true, omitted: 3 });
    expect(await scene.text('#rights')).toBe(
      'Actions are possible; each asks for a reason and is logged.',
    );
    expect(await scene.text('#omitted')).toBe(
      '3 closed keyed circuits more not shown.',
    );
    expect(await scene.isVisible('#omitted')).toBe(true);
    expect(await scene.isVisible('#calm')).toBe(true);
    expect(await scene.text('#calm')).toBe('Nothing: every circuit is closed.');
    await scene.show([viewOf('a')], { omitted: 1 });
    expect(await scene.text('#omitted')).toBe(
      '1 closed keyed circuit more not shown.',
    );
    await scene.show([viewOf('a')], { omitted: 0 });
    expect(await scene.isVisible('#omitted')).toBe(false);
    expect(scene.complaints).toEqual([]);
  });

  it('has the worst first, then what is critical, then names as people count', async () => {
    const circuits = [
      viewOf('service-10'),
      viewOf('service-2'),
      viewOf('vital', { critical: true }),
      troubled('off', 'open', { mode: 'disabled' }),
      troubled('watched', 'open', SHADOW),
      troubled('let-through', 'forced-closed'),
      troubled('trying', 'half-open'),
      troubled('held', 'forced-open'),
      troubled('b-open', 'open'),
      troubled('c-open', 'open', { critical: true }),
      troubled('a-open', 'open'),
    ];
    await scene.show(circuits);
    const trouble = [
      'c-open',
      'a-open',
      'b-open',
      'held',
      'trying',
      'let-through',
      'watched',
    ];
    const well = ['vital', 'service-2', 'service-10', 'off'];
    expect(await names('#trouble')).toEqual(trouble);
    expect(await names('#closed')).toEqual(well);
    expect(await scene.isVisible('#calm')).toBe(false);
    // Only what rejects calls is marked as what it is.
    const marks = await scene.read(
      `[...document.querySelectorAll('.circuit')].map(({ dataset, classList }) => [dataset.state, classList.contains('is-trouble')])`,
    );
    expect(marks).toEqual([
      ['open', true],
      ['open', true],
      ['open', true],
      ['forced-open', true],
      ['half-open', true],
      ['forced-closed', true],
      ['closed', true],
      ['closed', false],
      ['closed', false],
      ['closed', false],
      ['closed', false],
    ]);
    expect(
      await scene.read(
        `[...document.querySelectorAll('.row')].map(row => [...row.querySelectorAll('.badge, .tag')].map(each => each.textContent).join())`,
      ),
    ).toEqual([
      'Open,critical',
      'Open',
      'Open',
      'Forced open',
      'Half-open',
      'Forced closed',
      'Open,shadow',
      'Closed,critical',
      'Closed',
      'Closed',
      'Open,disabled',
    ]);
    const badges = await scene.read(
      `[...document.querySelectorAll('.row > .badge')].map(each => each.className).slice(2, 6)`,
    );
    expect(badges).toEqual([
      'badge badge-open',
      'badge badge-forced-open',
      'badge badge-half-open',
      'badge badge-forced-closed',
    ]);
  });

  it('counts the states, and shows only those that are chosen', async () => {
    await scene.show([
      viewOf('a'),
      viewOf('b'),
      viewOf('c'),
      troubled('d', 'open'),
      troubled('e', 'forced-open'),
      troubled('f', 'forced-closed'),
    ]);
    expect(await scene.texts(CHIPS)).toEqual([
      '6 all',
      '1 open',
      '0 half-open',
      '2 forced',
      '3 closed',
    ]);
    const pressed = () => scene.texts(`${CHIPS}[aria-pressed="true"]`);
    expect(await scene.texts(`${CHIPS}.is-none`)).toEqual(['0 half-open']);
    expect(await scene.page.title()).toBe('(2 open) Circuits');
    expect(await pressed()).toEqual(['6 all']);
    expect(await scene.text('#matches')).toBe('');

    await chip('forced');
    expect(await names('#trouble')).toEqual(['e', 'f']);
    expect(await names('#closed')).toEqual([]);
    expect(await scene.text('#matches')).toBe('2 circuits of 6 shown');
    expect(await pressed()).toEqual(['2 forced']);
    await chip('open');
    expect(await names('#trouble')).toEqual(['d']);
    expect(await scene.text('#matches')).toBe('1 circuit of 6 shown');
    await chip('half-open');
    expect(await names('#trouble')).toEqual([]);
    // Not that all is well: only that nothing is shown.
    expect(await scene.isVisible('#calm')).toBe(false);
    await chip('closed');
    expect(await names('#closed')).toEqual(['a', 'b', 'c']);
    await search('b');
    expect(await names('#closed')).toEqual(['b']);
    await chip('all');
    await search('');
    expect(await names('#trouble')).toEqual(['d', 'e', 'f']);
    expect(await scene.text('#matches')).toBe('');

    await scene.change([viewOf('d'), viewOf('e')]);
    expect(await scene.page.title()).toBe('Circuits');
    expect(await scene.texts(CHIPS)).toEqual([
      '6 all',
      '0 open',
      '0 half-open',
      '1 forced',
      '5 closed',
    ]);
    // What tries again is not counted as open.
    await scene.change([troubled('a', 'half-open')]);
    expect(await scene.texts(CHIPS)).toContain('1 half-open');
    expect(await scene.page.title()).toBe('Circuits');
  });

  it('searches names and keys as they are written, in small letters or capitals', async () => {
    await scene.show([
      viewOf('Payments'),
      viewOf('tenants', { key: 'Acme' }),
      viewOf('tenants', { key: 'globex' }),
      viewOf('null-object'),
    ]);
    await search('  PAY ');
    expect(await names('#closed')).toEqual(['Payments']);
    await search('acme');
    expect(await names('#closed')).toEqual(['tenants', 'Acme']);
    await search('tenants g');
    expect(await names('#closed')).toEqual(['tenants', 'globex']);
    await search('null');
    expect(await names('#closed')).toEqual(['null-object']);
    await search('nobody');
    expect(await names('#closed')).toEqual([]);
    expect(await scene.text('#matches')).toBe('0 circuits of 4 shown');
    expect(await scene.isVisible('#calm')).toBe(false);
  });

  it('takes a slash for the search, but not from who writes', async () => {
    await scene.show([viewOf('a')], { actions: true });
    await scene.page.keyboard.press('/');
    expect(await scene.focused()).toBe('search');
    await scene.page.keyboard.type('a/b');
    expect(await scene.page.locator('#search').inputValue()).toBe('a/b');
    await search('');
    await scene.toggle('a');
    await scene.page.getByText('Force open…').click();
    await scene.page.keyboard.type('1/2');
    expect(await scene.page.locator('#action-reason').inputValue()).toBe('1/2');
  });

  it('folds the keys of a name that are closed', async () => {
    const keyed = [
      viewOf('tenants'),
      viewOf('tenants', tenant('acme', 10)),
      troubled('tenants', 'open', tenant('globex', 20, 5)),
      troubled('tenants', 'forced-open', tenant('initech', 30)),
      viewOf('tenants', tenant('hooli', 40)),
    ];
    await scene.show([...keyed, viewOf('plain')]);
    expect(await scene.text('.group h3')).toBe('tenants');
    expect(await scene.text('.group-summary')).toBe(
      '4 keys: 2 closed, 1 open, 1 forced open',
    );
    expect(await scene.text('.group-figures')).toBe(
      '10.0 calls/s, 0.5 refused/s',
    );
    const button = scene.page.locator('.group-head button');
    expect(await scene.texts('.keyed .name-text')).toEqual([
      'globex',
      'initech',
    ]);
    expect(await scene.texts('.keyed h4 .name-text')).toHaveLength(2);
    expect(await names('#closed')).toEqual(['plain']);
    expect(await button.innerText()).toBe('Show 2 closed keys');
    expect(await button.getAttribute('aria-expanded')).toBe('false');
    await button.click();
    expect(await scene.texts('.keyed .name-text')).toEqual([
      'globex',
      'initech',
      'acme',
      'hooli',
    ]);
    expect(await button.innerText()).toBe('Fold what is closed');
    expect(await button.getAttribute('aria-expanded')).toBe('true');
    await button.click();
    expect(await scene.texts('.keyed .name-text')).toHaveLength(2);
    // Who looks for something sees all that there is.
    await search('tenants');
    expect(await button.isVisible()).toBe(false);
    expect(await scene.texts('.keyed .name-text')).toHaveLength(4);
    expect(await scene.text('#matches')).toBe('4 circuits of 6 shown');
    // What is found is closed; of the name it is told that not all of it is.
    await search('acme');
    expect(await scene.texts('#closed .keyed .name-text')).toEqual(['acme']);
    expect(await names('#trouble')).toEqual([]);
    expect(await scene.text('.group-summary')).toBe(
      '4 keys: 2 closed, 1 open, 1 forced open',
    );
    expect(await scene.texts('#closed > .group.is-trouble')).toHaveLength(1);
    await search('');
    expect(await button.isVisible()).toBe(true);
    expect(await scene.texts('#trouble > .group.is-trouble')).toHaveLength(1);

    await scene.change(
      keyed.slice(2, 4).map(({ key }) => viewOf('tenants', { key })),
    );
    expect(await scene.texts('#closed > .group')).toHaveLength(1);
    expect(await scene.texts('.group.is-trouble')).toEqual([]);
    expect(await scene.text('.group-summary')).toBe('4 keys: 4 closed');
    await scene.figures([
      viewOf('tenants', { key: 'acme', totals: totalsOf({ calls: 100 }) }),
    ]);
    expect(await scene.text('.group-figures')).toBe(
      '20.0 calls/s, 0.5 refused/s',
    );
  });

  it('leaves out the circuit without a key, unless it was called or is in trouble', async () => {
    const acme = troubled('tenants', 'open', { key: 'acme' });
    await scene.show([viewOf('tenants'), acme]);
    expect(await scene.texts('.keyed .name-text')).toEqual(['acme']);
    expect(await scene.isVisible('.group-head button')).toBe(false);
    await scene.show([troubled('tenants', 'open'), acme]);
    expect(await scene.texts('.keyed .name-text')).toEqual([
      'without a key',
      'acme',
    ]);
    expect(await scene.text('.group-summary')).toBe('1 key: 1 open');
    await scene.show([
      viewOf('tenants', { totals: totalsOf({ calls: 1 }) }),
      acme,
    ]);
    await scene.page.getByText('Show 1 closed key').click();
    expect(await scene.texts('.keyed .name-text')).toEqual([
      'acme',
      'without a key',
    ]);
    // Another came, and it is one of several now.
    await scene.show([viewOf('tenants', { totals: totalsOf({ calls: 1 }) })]);
    expect(await names('#closed')).toEqual(['tenants']);
    await scene.change([acme]);
    expect(await scene.texts('.keyed .name-text')).toEqual([
      'acme',
      'without a key',
    ]);
    // One that is alone is what there is of the name.
    await scene.show([viewOf('tenants')]);
    expect(await names('#closed')).toEqual(['tenants']);
    expect(await scene.texts('.group')).toEqual([]);
    await scene.show([viewOf('tenants', { key: 'acme' })]);
    expect(await scene.texts('.group')).toHaveLength(1);
    // Of what is nowhere refused it says nothing.
    expect(await scene.text('.group-figures')).toBe('0 calls/s');
  });

  it('lets go of what is gone, and keeps the focus where a person has it', async () => {
    await scene.show([viewOf('a'), viewOf('b'), viewOf('c')]);
    await scene.row('c').locator('.name').focus();
    await scene.change([troubled('c', 'open')]);
    expect(await names('#trouble')).toEqual(['c']);
    expect(await scene.focused()).toBe('c');
    expect(await scene.text('#trouble .row .badge')).toBe('Open');
    await scene.change([viewOf('b')], { removed: [{ name: 'a', key: null }] });
    expect(await names('#closed')).toEqual(['b']);
    expect(await scene.focused()).toBe('c');
    expect(await scene.texts(CHIPS)).toContain('2 all');
    await scene.change([viewOf('new')]);
    expect(await names('#closed')).toEqual(['b', 'new']);
    expect(await scene.texts(CHIPS)).toContain('3 all');
    await scene.change([viewOf('c')]);
    expect(await names('#closed')).toEqual(['b', 'c', 'new']);
    expect(await scene.texts('.answers')).toEqual([]);
    expect(await scene.focused()).toBe('c');
  });

  it('touches nothing that stays as it was: a screen reader would read it again', async () => {
    const circuits = [
      troubled('a', 'open', { critical: true }),
      viewOf('b', { critical: true }),
      viewOf('c'),
    ];
    await scene.show(circuits);
    await scene.toggle('b');
    await scene.settled();
    await scene.figures(circuits);
    await scene.read(`(() => {
      window.touched = [];
      new MutationObserver(records => {
        for (const { target } of records) touched.push(target.className || target.id || target.localName);
      }).observe(document.body, { childList: true, characterData: true, subtree: true });
    })()`);
    await scene.figures(circuits);
    await scene.change([viewOf('c')]);
    expect(await scene.read('touched')).toEqual([]);
  });

  it('stays where a person reads, when what has the focus moves', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `service-${index}`);
    await scene.show(many.map(name => viewOf(name)));
    await scene.row('service-0').locator('.name').focus();
    await scene.page.mouse.wheel(0, 100_000);
    await scene.eventually(() => scene.read('scrollY > 1_000'));
    await scene.change([troubled('service-0', 'open')]);
    expect(await scene.focused()).toBe('service-0');
    expect(await scene.read('scrollY')).toBeGreaterThan(1_000);
  });

  it('holds nothing of what it has drawn and shows no more', async () => {
    await scene.show([viewOf('a'), viewOf('b')]);
    const before = await scene.held('HTMLCanvasElement');
    for (let times = 0; times < 2; times++) {
      await scene.toggle('a');
      await scene.settled();
      await scene.figures([viewOf('a')]);
      expect(await scene.texts('.details canvas')).toHaveLength(1);
      await scene.toggle('a');
    }
    // The last is held until the next message, by what it listened to.
    await scene.figures([viewOf('a')]);
    expect(await scene.held('HTMLCanvasElement')).toBe(before);
    await scene.toggle('a');
    await scene.settled();
    await scene.change([], { removed: [{ name: 'b', key: null }] });
    await scene.show([]);
    expect(await scene.held('HTMLCanvasElement')).toBe(0);
    expect(await scene.held('ResizeObserver')).toBe(0);
  });

  it('announces what changes its state, and nothing else', async () => {
    const all = ['a', 'b', 'c', 'd'];
    await scene.show([
      ...all.map(name => viewOf(name)),
      viewOf('keyed', { key: 'acme' }),
    ]);
    await scene.change([viewOf('new'), viewOf('a', { critical: true })]);
    expect(await scene.text('#announcer')).toBe('');
    await scene.change([
      troubled('a', 'open'),
      troubled('b', 'forced-open'),
      troubled('keyed', 'half-open', { key: 'acme' }),
    ]);
    expect(await scene.text('#announcer')).toBe(
      'a is open. b is forced open. keyed (acme) is half-open.',
    );
    await scene.change([viewOf('new', { critical: true })]);
    expect(await scene.text('#announcer')).toMatch(/^a is open/);
    await scene.change([
      viewOf('a'),
      viewOf('b'),
      troubled('c', 'open'),
      troubled('d', 'open'),
    ]);
    expect(await scene.text('#announcer')).toBe(
      '4 circuits changed their state.',
    );
  });

  it('goes on with the same process, and begins anew with another', async () => {
    const before = viewOf('a', { totals: totalsOf({ calls: 5 }) });
    await scene.show([before, viewOf('b')]);
    await scene.toggle('a');
    await scene.snapshot([
      troubled('a', 'open', {
        totals: totalsOf({ calls: 500 }),
        history: historyOf(5, { calls: [50, 0] }),
      }),
    ]);
    expect(await names('#trouble')).toEqual(['a']);
    expect(await names('#closed')).toEqual([]);
    expect(await scene.texts('.details')).toHaveLength(1);
    expect(await scene.text('.row .badge')).toBe('Open');
    // Not what was counted while nobody listened.
    expect(await scene.facts('.figures')).toMatchObject({ 'calls/s': '5.0' });
    await scene.show([before]);
    expect(await scene.texts('.details')).toEqual([]);
    expect(await names('#closed')).toEqual(['a']);
  });

  it('has the figures of each circuit', async () => {
    const latency = { mean: 1, p50: 12, p90: 3, p99: 1_500, max: 5 };
    const circuit = viewOf('a', {
      latency,
      window: windowOf(40, 10),
      history: historyOf(5, { calls: [10, 20], rejected: [2, 3] }),
    });
    await scene.show([circuit]);
    const figures = '#closed .figures';
    expect(await scene.facts(figures)).toEqual({
      'calls/s': '3.0',
      'refused/s': '0.5',
      failed: '25 %',
      p50: '12 ms',
      p99: '1.5 s',
    });
    expect(await scene.texts(`${figures} dt`)).toEqual([
      'calls/s',
      'refused/s',
      'failed',
      'p50',
      'p99',
    ]);
    expect(await scene.style('.refused dd', 'color')).toBe(
      await scene.colourOf('--rejected'),
    );
    expect(await scene.texts('.is-bad dt')).toEqual(['failed']);
    expect(await scene.style('.is-bad dd', 'color')).toBe(
      await scene.colourOf('--open'),
    );
    await scene.figures(
      [
        {
          ...circuit,
          totals: totalsOf({ calls: 15, rejected: 0 }),
          window: windowOf(41, 10),
          latency: { ...latency, p50: null, p99: 2 },
        },
      ],
      { at: NOON + 5 * SECOND },
    );
    // The refused ones are those of the step before: five seconds have gone.
    expect(await scene.facts(figures)).toEqual({
      'calls/s': '3.5',
      'refused/s': '0.3',
      failed: '24 %',
      p50: '–',
      p99: '2.0 ms',
    });
    expect(await scene.texts('.is-bad dt')).toEqual([]);
    await scene.show([viewOf('idle')]);
    // What is nowhere refused is not shown.
    expect(await scene.facts(figures)).toEqual({
      'calls/s': '0',
      failed: '–',
      p50: '–',
      p99: '–',
    });
    await scene.show([
      worried('a', 5, 0.1),
      worried('b', 4, 0.1),
      worried('c', 25, false),
      worried('d', 24, false),
      worried('e', 0, 0.1),
    ]);
    expect(
      await scene.read(
        `[...document.querySelectorAll('.circuit:has(.is-bad) .name-text')].map(each => each.textContent)`,
      ),
    ).toEqual(['a', 'c']);
  });

  it('draws only what is near the part of the page that is seen', async () => {
    await scene.show(
      Array.from({ length: 60 }, (_, index) => viewOf(`service-${index}`)),
    );
    const drawn = async (name: string) =>
      (await scene.row(name).locator('canvas').count()) === 1;
    expect(await drawn('service-0')).toBe(true);
    expect(await drawn('service-59')).toBe(false);
    // Just below it too, so that who scrolls sees no gap.
    const below = await scene.read(
      `[...document.querySelectorAll('.circuit')].filter(each => {
        const { top } = each.getBoundingClientRect();
        return top > innerHeight && top < innerHeight + 120;
      }).map(each => each.querySelectorAll('canvas').length)`,
    );
    expect(below).toEqual([1, 1]);
    await scene.row('service-59').scrollIntoViewIfNeeded();
    await scene.eventually(() => drawn('service-59'));
    await scene.eventually(async () => !(await drawn('service-0')));
    expect(scene.complaints).toEqual([]);
  });

  it('draws calls, refused calls and failures in a row, one behind the other', async () => {
    const busy = Array<number>(20);
    await scene.show([
      viewOf('a', {
        history: historyOf(5, {
          calls: [...busy.fill(10), ...Array<number>(20).fill(0), ...busy],
          rejected: [
            ...Array<number>(20).fill(0),
            ...Array<number>(20).fill(10),
            ...Array<number>(20).fill(0),
          ],
          failures: [
            ...Array<number>(40).fill(0),
            ...Array<number>(20).fill(5),
          ],
        }),
      }),
    ]);
    expect(
      await scene.drawnIn('.spark', 3, [
        'calls-fill',
        'rejected-fill',
        'failures',
      ]),
    ).toEqual(['calls-fill', 'rejected-fill', 'calls-fill failures']);
  });

  it('does without a chart for who cannot see, and names each button for who can', async () => {
    await scene.show([viewOf('a'), troubled('b', 'open', { key: 'k' })]);
    expect(
      await scene.read(
        `[...document.querySelectorAll('.spark, .bar')].map(each => each.getAttribute('aria-hidden'))`,
      ),
    ).toEqual(['true', 'true', 'true']);
    expect(
      await scene.read(
        `[...document.querySelectorAll('.name, .group h3')].map(each => each.title)`,
      ),
    ).toEqual(['b', 'k', 'a']);
  });
});

/** A key of a name, with calls of some seconds ago. */
function tenant(key: string, calls: number, rejected = 0) {
  return {
    key,
    history: historyOf(5, { calls: [calls, 0], rejected: [rejected, 0] }),
  };
}

/** A circuit of whose hundred calls some failed, and the rate at which it opens. */
function worried(
  name: string,
  failures: number,
  failureRateThreshold: number | false,
): CircuitView {
  const view = viewOf(name);
  return {
    ...view,
    window: windowOf(100, failures),
    thresholds: { ...view.thresholds, failureRateThreshold },
  };
}
