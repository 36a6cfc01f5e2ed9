import { beforeEach, expect, it } from '@jest/globals';
import { violationsIn } from './axe.js';
import {
  historyOf,
  NOON,
  troubled,
  viewOf,
  windowOf,
} from './scripted-circuits.js';
import { describePage } from './scripted-page.js';

const LIGHT = 'rgb(246, 247, 249)';
const DARK = 'rgb(17, 21, 27)';
const LONG = 'long-'.repeat(60);

/** Whatever can stand in the list. */
const EVERYTHING = [
  viewOf('closed', { critical: true }),
  viewOf('failing', { window: windowOf(4, 2) }),
  troubled('let-through', 'forced-closed'),
  troubled('trying', 'half-open'),
  troubled('held', 'forced-open'),
  troubled('broken', 'open', {
    lastFailure: { at: NOON - 1_000, name: 'TypeError', message: LONG },
    history: historyOf(5, { calls: [10, 0], rejected: [10, 0] }),
  }),
  troubled('due', 'open', { nextProbe: NOON }),
  viewOf('watched', { mode: 'shadow' }),
  viewOf('tenants', { key: 'acme' }),
  troubled('tenants', 'open', { key: LONG }),
  viewOf(LONG),
];

describePage('the look of the page', scene => {
  beforeEach(async () => {
    await scene.page.emulateMedia({
      colorScheme: 'light',
      reducedMotion: 'no-preference',
    });
    await scene.load();
  });

  const background = () => scene.style('html', 'background-color');
  const theme = () => scene.text('#theme');
  const chooseNextTheme = () => scene.page.locator('#theme').click();

  it('has the theme that the system has, or one that a person chose', async () => {
    await scene.show([
      viewOf('a', {
        history: historyOf(5, { calls: Array<number>(60).fill(9) }),
      }),
    ]);
    const drawn = () => scene.drawnIn('.spark', 1, ['calls-fill']);
    expect(await theme()).toBe('Theme: automatic');
    expect(await background()).toBe(LIGHT);
    expect(await drawn()).toEqual(['calls-fill']);
    await scene.page.emulateMedia({ colorScheme: 'dark' });
    expect(await background()).toBe(DARK);
    await scene.seen();
    expect(await drawn()).toEqual(['calls-fill']);
    // Nothing is left of what the colours were read from.
    expect(await scene.texts('body > span')).toEqual([]);
    await chooseNextTheme();
    expect(await theme()).toBe('Theme: light');
    expect(await background()).toBe(LIGHT);
    await chooseNextTheme();
    expect(await theme()).toBe('Theme: dark');
    await scene.page.emulateMedia({ colorScheme: 'light' });
    expect(await background()).toBe(DARK);
    // The next time too.
    await scene.load();
    expect(await theme()).toBe('Theme: dark');
    expect(await background()).toBe(DARK);
    await chooseNextTheme();
    expect(await theme()).toBe('Theme: automatic');
    expect(await background()).toBe(LIGHT);
    await scene.read(`localStorage.setItem('circuits-theme', 'pink')`);
    await scene.load();
    expect(await theme()).toBe('Theme: automatic');
  });

  it('has a theme where nothing may be kept', async () => {
    await scene.loadWithoutStorage();
    expect(await theme()).toBe('Theme: automatic');
    await chooseNextTheme();
    await chooseNextTheme();
    expect(await background()).toBe(DARK);
    expect(scene.complaints).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'has no violation that axe finds, whatever is shown: %s',
    async colorScheme => {
      await scene.page.emulateMedia({ colorScheme });
      await scene.show(EVERYTHING, {
        actions: true,
        omitted: 1,
        fleet: { joined: false, reason: 'no', instances: 1 },
      });
      await scene.toggle('broken');
      await scene.toggle('failing');
      await scene.settled();
      const look = async () => {
        // It waits for timers, and time stands still.
        expect(await scene.passUntil(violationsIn(scene.page))).toEqual([]);
      };
      await look();
      await scene.row('failing').getByText('Change thresholds…').click();
      await scene.page.locator('#action-confirm').click();
      expect(await scene.isVisible('#action-problem')).toBe(true);
      await look();
      await scene.page.keyboard.press('Escape');
      await scene.show([viewOf('calm')], {
        fleet: { joined: true, reason: null, instances: 2 },
      });
      await look();
      scene.server.hangUp();
      await scene.eventually(() => scene.isVisible('#lost'));
      await look();
    },
  );

  it('tells states apart by signs too, not by colours alone', async () => {
    await scene.show(EVERYTHING);
    const signs = await Promise.all(
      ['closed', 'open', 'half-open', 'forced-open', 'forced-closed'].map(
        async state => [
          state,
          await scene.style(`.badge-${state}`, 'content', '::before'),
        ],
      ),
    );
    expect(Object.fromEntries(signs)).toEqual({
      closed: '"✓"',
      open: '"✕"',
      'half-open': '"◐"',
      'forced-open': '"!"',
      'forced-closed': '"!"',
    });
    const edges = await Promise.all(
      ['open', 'half-open', 'forced-open', 'forced-closed'].map(state =>
        scene.style(`.circuit[data-state="${state}"]`, 'border-left-color'),
      ),
    );
    expect(edges[2]).toBe(edges[3]);
    expect(new Set(edges).size).toBe(3);
    // What is chosen, what is unfolded and what is due looks different.
    const shadow = (which: string) =>
      scene.style(`.chip[aria-pressed="${which}"]`, 'box-shadow');
    expect(await shadow('true')).not.toBe(await shadow('false'));
    const arrow = () => scene.style('.name', 'transform', '::after');
    const folded = await arrow();
    await scene.page.locator('.name').first().click();
    expect(await arrow()).not.toBe(folded);
    const bar = (which: string) =>
      scene.style(`${which} .bar span`, 'background-color');
    expect(await bar('.is-due')).not.toBe(await bar('.next:not(.is-due)'));
    const dot = () =>
      scene.style('#connection', 'background-color', '::before');
    const live = await dot();
    scene.server.hangUp();
    await scene.eventually(() => scene.isVisible('#lost'));
    expect(await dot()).not.toBe(live);
  });

  it('shows where the keyboard is', async () => {
    await scene.show([viewOf('a')], { actions: true });
    const { keyboard } = scene.page;
    await keyboard.press('Tab');
    expect(await scene.focused()).toBe('Skip to the circuits');
    const link = (await scene.page.locator('.skip-link').boundingBox())!;
    expect(link.x).toBeGreaterThanOrEqual(0);
    expect(link.y).toBeGreaterThanOrEqual(0);
    const focus = await scene.colourOf('--focus');
    const outline = () =>
      scene.read(
        `(({ outlineStyle, outlineWidth, outlineColor }) => [outlineStyle, outlineWidth, outlineColor].join(' '))(getComputedStyle(document.activeElement))`,
      );
    expect(await outline()).toBe(`solid 2px ${focus}`);
    await keyboard.press('Tab');
    expect(
      (await scene.page.locator('.skip-link').boundingBox())!.x,
    ).toBeLessThan(-1_000);
    expect(await scene.focused()).toBe('theme');
    await keyboard.press('Shift+Tab');
    await keyboard.press('Enter');
    expect(await scene.focused()).toBe('circuits');
    const visited = [];
    for (let tabs = 0; tabs < 7; tabs++) {
      await keyboard.press('Tab');
      visited.push(await scene.focused());
      expect(await outline()).toBe(`solid 2px ${focus}`);
    }
    expect(visited).toEqual([
      '1 all',
      '0 open',
      '0 half-open',
      '0 forced',
      '1 closed',
      'search',
      'a',
    ]);
    for (const scheme of ['light', 'dark'] as const) {
      await scene.page.emulateMedia({ colorScheme: scheme });
      for (const behind of ['--page', '--card'])
        expect(await scene.contrast('--focus', behind)).toBeGreaterThan(3);
    }
  });

  it('moves only where movement is wanted', async () => {
    await scene.show([troubled('a', 'open')]);
    const movement = () => scene.style('.bar span', 'transition-duration');
    expect(await movement()).toBe('0.5s');
    await scene.page.emulateMedia({ reducedMotion: 'reduce' });
    expect(await movement()).toBe('0s');
  });

  it('fits a phone, with what can be touched large enough', async () => {
    const narrow = await scene.asPhone(360, 740);
    try {
      await scene.show(EVERYTHING, {
        actions: true,
        fleet: { joined: false, reason: 'no', instances: 1 },
      });
      expect(await scene.read('innerWidth')).toBe(360);
      const sizes = await scene.read<[string, number][]>(
        `[...document.querySelectorAll('.quiet, .chip, input')].filter(each => each.checkVisibility()).map(each => [each.textContent, each.getBoundingClientRect().height])`,
      );
      expect(sizes.length).toBeGreaterThan(6);
      for (const [, height] of sizes) expect(height).toBeGreaterThanOrEqual(40);
      await scene.toggle('broken');
      await scene.settled();
      expect(await scene.read('document.documentElement.scrollWidth')).toBe(
        360,
      );
      // One below the other, not side by side.
      const left = async (selector: string) =>
        (await scene.page.locator(selector).first().boundingBox())!.x;
      expect(await left('.answers .next')).toBe(
        await left('.answers .fact:nth-child(2)'),
      );
      expect(await left('.row .figures')).toBe(await left('.row .spark'));
      await scene.row('broken').getByText('Change thresholds…').click();
      const { x, width } = (await scene.page.locator('#action').boundingBox())!;
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(360);
    } finally {
      await narrow.end();
    }
  });

  it('tells a screen reader what is what', async () => {
    await scene.show([viewOf('a'), troubled('b', 'open')], { actions: true });
    const { page } = scene;
    const one = async (
      role: Parameters<typeof page.getByRole>[0],
      name: string,
    ) =>
      expect([
        role,
        name,
        await page.getByRole(role, { name, exact: true }).count(),
      ]).toEqual([role, name, 1]);
    await one('region', 'Needs attention');
    await one('region', 'Closed');
    await one('group', 'Show only');
    await one('searchbox', 'Search');
    await one('link', 'Skip to the circuits');
    await one('link', 'JSON');
    await one('link', 'event stream');
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(await scene.texts('h1')).toEqual(['Circuits']);
    expect(
      await page.getByRole('searchbox').getAttribute('aria-describedby'),
    ).toBe('matches');
    const roles = await scene.read(
      `['connection', 'fleet', 'matches', 'lost', 'action-problem', 'announcer'].map(id => document.getElementById(id)).map(each => each.role ?? each.ariaLive)`,
    );
    expect(roles).toEqual([
      'status',
      'status',
      'status',
      'alert',
      'alert',
      'polite',
    ]);
    // Out of sight, and yet heard.
    const { width, height } = (await page.locator('#announcer').boundingBox())!;
    expect([width, height]).toEqual([1, 1]);
    expect(await scene.style('#announcer', 'clip-path')).toBe('inset(50%)');
    await scene.toggle('a');
    await scene.row('a').getByText('Reset…').click();
    await one('dialog', 'Reset a');
    await one('textbox', 'Reason, for the log and for who comes next');
    expect(
      await page.locator('#action-reason').getAttribute('aria-describedby'),
    ).toBe('action-problem');
  });

  it('has a sign in the tab, and tells other tools where to ask', async () => {
    const found = await scene.read(
      `Promise.all([...document.querySelectorAll('link[rel=icon], a[href^=api]')].map(async each => {
        const { status, headers } = await fetch(each.href, { method: 'HEAD' });
        return [each.getAttribute('href').replace(/-[^.]+/, ''), status, headers.get('content-type')];
      }))`,
    );
    expect(found).toEqual([
      ['./assets/icon.svg', 200, 'image/svg+xml'],
      ['api/circuits', 404, 'application/json; charset=utf-8'],
      ['api/events', 200, 'text/event-stream; charset=utf-8'],
    ]);
  });
});
