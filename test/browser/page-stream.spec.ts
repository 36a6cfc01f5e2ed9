import { beforeEach, expect, it } from '@jest/globals';
import { held, refusing } from './scripted-server.js';
import { NOON, SECOND, troubled, viewOf } from './scripted-circuits.js';
import { describePage } from './scripted-page.js';

const LOST = 'Connection lost. What you see is from 12:00:00. Trying again…';

describePage('the stream of the page', scene => {
  beforeEach(() => scene.load());

  const lost = (text: string | RegExp) => scene.expectText('#lost', text);
  const timesOpened = () =>
    scene.server.asked.filter(path => path === 'api/events').length;

  it('counts as lost after six seconds of silence, and is tried again after two', async () => {
    await scene.show([viewOf('a')]);
    await scene.pass(5_900);
    await scene.change([viewOf('a')]);
    await scene.pass(5_900);
    await scene.figures([viewOf('a')]);
    await scene.pass(5_900);
    expect(await scene.text('#connection')).toBe('Live');
    expect(await scene.isVisible('#lost')).toBe(false);
    await scene.pass(100);
    expect(await scene.text('#connection')).toBe('Connection lost');
    await lost(LOST);
    expect(await scene.isVisible('#lost')).toBe(true);
    expect(await scene.style('main', 'filter')).toBe('grayscale(1)');
    await scene.eventually(() => scene.server.readerCount === 0);
    await scene.pass(1_900);
    expect(timesOpened()).toBe(1);
    await scene.pass(100);
    await scene.eventually(() => scene.server.readerCount === 1);
    // Connected, but nothing was said yet.
    expect(await scene.text('#connection')).toBe('Connection lost');
    await scene.pass(6_000);
    await scene.pass(2_000);
    await scene.eventually(() => timesOpened() === 3);
    await scene.eventually(() => scene.server.readerCount === 1);
    await scene.snapshot([viewOf('a')]);
    expect(await scene.text('#connection')).toBe('Live');
    expect(await scene.isVisible('#lost')).toBe(false);
    expect(await scene.style('main', 'filter')).toBe('none');
    expect(timesOpened()).toBe(3);
  });

  it('is tried again when the server ends it', async () => {
    await scene.show([viewOf('a')]);
    scene.server.hangUp();
    await lost(LOST);
    // By the page, not by the browser, which does not say when.
    await scene.pass(1_900);
    expect(timesOpened()).toBe(1);
    await scene.pass(100);
    await scene.eventually(() => timesOpened() === 2);
  });

  it('is from yesterday, where midnight has passed since', async () => {
    await scene.show([viewOf('a')], { at: NOON + 43_198 * SECOND });
    await scene.pass(6_000);
    await lost(
      'Connection lost. What you see is from 15 Jan, 23:59:58. Trying again…',
    );
  });

  it('stands still while it is lost, as of what was heard last', async () => {
    await scene.show([troubled('a', 'open')]);
    await scene.pass(3_000);
    await scene.expectText('.countdown', '0:27');
    scene.server.hangUp();
    await lost(LOST);
    await scene.pass(1_000);
    expect(await scene.text('.countdown')).toBe('0:30');
    expect(await scene.facts('.answers')).toMatchObject({
      Since: '11:59:30, for 30 s',
    });
  });

  it.each([
    [
      401,
      'You may not look at the circuits (any more). Sign in again and reload.',
    ],
    [
      403,
      'You may not look at the circuits (any more). Sign in again and reload.',
    ],
    [404, 'Trying again…'],
    [500, 'The server answers 500.'],
  ])('says why it is not there: %i', async (status, why) => {
    scene.server.onEvents = refusing(status);
    scene.server.onCircuit = refusing(status);
    await scene.reload();
    await lost(`Connection lost. ${why}`);
    expect(scene.server.asked.slice(-2)).toEqual(['api/events', 'api/circuit']);
  });

  it('does not say why it was not there when it is there again', async () => {
    await scene.show([viewOf('a')]);
    const { answer, letGo } = held(refusing(500));
    scene.server.onCircuit = answer;
    scene.server.hangUp();
    await scene.eventually(() => scene.server.asked.includes('api/circuit'));
    await scene.pass(2_000);
    await scene.eventually(() => scene.server.readerCount === 1);
    letGo();
    await scene.snapshot([viewOf('a')]);
    expect(await scene.text('#connection')).toBe('Live');
    expect(await scene.text('#lost')).toBe(LOST);
  });

  it('lets times run on between two messages', async () => {
    await scene.show([
      troubled('a', 'open', { nextProbe: NOON + 90 * SECOND }),
    ]);
    const next = async () => [
      await scene.text('.countdown'),
      await scene.read(`document.querySelector('.bar span').style.transform`),
    ];
    expect(await next()).toEqual(['1:30', 'scaleX(0.25)']);
    await scene.pass(500);
    expect(await next()).toEqual(['1:30', 'scaleX(0.254)']);
    await scene.pass(500);
    expect(await next()).toEqual(['1:29', 'scaleX(0.258)']);
    expect(await scene.facts('.answers')).toMatchObject({
      Since: '11:59:30, for 31 s',
    });
    // A server whose clock is set has the page follow.
    await scene.figures([], { at: NOON + 89 * SECOND });
    await scene.pass(500);
    expect(await next()).toEqual(['0:01', 'scaleX(0.996)']);
  });

  it('tells of the fleet, at first and with each second', async () => {
    const fleet = { joined: true, reason: null, instances: 1 };
    await scene.show([viewOf('a')], { fleet });
    expect(await scene.text('#fleet')).toBe('Fleet of 1 instance');
    expect(await scene.isVisible('#fleet')).toBe(true);
    expect(await scene.style('#fleet', 'font-weight')).toBe('400');
    await scene.figures([], {
      fleet: { joined: false, reason: 'no', instances: 1 },
    });
    expect(await scene.text('#fleet')).toBe(
      'Fleet out of reach: this instance decides alone',
    );
    expect(await scene.style('#fleet', 'font-weight')).toBe('600');
    await scene.figures([], { fleet: { ...fleet, instances: 2 } });
    expect(await scene.text('#fleet')).toBe('Fleet of 2 instances');
    expect(await scene.style('#fleet', 'font-weight')).toBe('400');
    await scene.figures([]);
    expect(await scene.isVisible('#fleet')).toBe(false);
  });
});
