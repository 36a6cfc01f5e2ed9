import { beforeEach, expect, it } from '@jest/globals';
import type { CircuitView } from '../../lib/dashboard/circuit-view.js';
import { SECOND, troubled, viewOf } from './scripted-circuits.js';
import { describePage } from './scripted-page.js';
import { held, refusing } from './scripted-server.js';

const ACTIONS = { actions: true };
const OTHERS = ['Reset…', 'Change thresholds…'];

describePage('an action on the page', scene => {
  beforeEach(() => scene.load());

  const ask = async (action: string, circuit: CircuitView = viewOf('a')) => {
    await scene.show([circuit], ACTIONS);
    if (circuit.key !== null)
      await scene.page.locator('#search').fill(circuit.name);
    await scene.toggle(circuit.key ?? circuit.name);
    await choose(action);
  };
  const choose = (action: string) =>
    scene.page.locator('.actions button', { hasText: action }).click();
  const give = (reason: string) =>
    scene.page.locator('#action-reason').fill(reason);
  const confirm = () => scene.page.locator('#action-confirm').click();
  const isAsking = () => scene.isVisible('#action');
  const problem = (text: string | RegExp) =>
    scene.expectText('#action-problem', text);
  const done = async () => scene.eventually(async () => !(await isAsking()));

  it.each([
    ['closed', ['Force open…', 'Force closed…', ...OTHERS]],
    ['open', ['Force open…', 'Force closed…', ...OTHERS]],
    ['half-open', ['Force open…', 'Force closed…', ...OTHERS]],
    ['forced-open', ['Force closed…', 'Release…', ...OTHERS]],
    ['forced-closed', ['Force open…', 'Release…', ...OTHERS]],
  ] as const)(
    'is offered where it does something: %s',
    async (state, words) => {
      await scene.show(
        [state === 'closed' ? viewOf('a') : troubled('a', state)],
        ACTIONS,
      );
      await scene.toggle('a');
      expect(await scene.texts('.actions button')).toEqual(words);
    },
  );

  it('is offered as the state is now, and keeps the focus where it stays', async () => {
    await scene.show([viewOf('a')]);
    await scene.toggle('a');
    // Not even a gap.
    expect(await scene.style('.actions', 'display')).toBe('none');
    expect(await scene.texts('.actions button')).toEqual([]);
    await scene.snapshot([viewOf('a')], ACTIONS);
    expect(await scene.isVisible('.actions')).toBe(true);
    await scene.page.locator('.actions button', { hasText: 'Reset…' }).focus();
    await scene.change([troubled('a', 'open')]);
    expect(await scene.focused()).toBe('Reset…');
    await scene.change([troubled('a', 'forced-open')]);
    expect(await scene.texts('.actions button')).toContain('Release…');
    await scene.snapshot([viewOf('a')]);
    expect(await scene.isVisible('.actions')).toBe(false);
  });

  it.each([
    [
      'Force open…',
      'Force open',
      'Every call is refused, or answered by its fallback, until somebody releases the circuit.',
    ],
    [
      'Force closed…',
      'Force closed',
      'Every call goes through, whatever happens, until somebody releases the circuit.',
    ],
    [
      'Release…',
      'Release',
      'The circuit decides by itself again: from forced open it probes first, from forced closed it is closed.',
    ],
    [
      'Reset…',
      'Reset',
      'The circuit is closed with an empty window, whatever came before. It opens again if calls still fail.',
    ],
  ])(
    'says what it does, asks why, and is sent: %s',
    async (button, word, effect) => {
      const state = button === 'Force open…' ? 'forced-closed' : 'forced-open';
      await ask(button, troubled('tenants', state, { key: 'acme' }));
      expect(await scene.text('#action-title')).toBe(`${word} tenants (acme)`);
      expect(await scene.text('#action-effect')).toBe(effect);
      expect(await scene.text('#action-confirm')).toBe(word);
      expect(await scene.focused()).toBe('action-reason');
      expect(await scene.isVisible('#action-thresholds')).toBe(false);
      await give('  because  ');
      await confirm();
      await done();
      const [{ headers, body } = { headers: {}, body: undefined }] =
        scene.server.actions;
      expect(body).toEqual({
        type: word.toLowerCase().replace(' ', '-'),
        name: 'tenants',
        key: 'acme',
        reason: 'because',
        instance: scene.instance,
      });
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'x-circuit-breaker-action': 'page',
      });
      expect(await scene.text('#announcer')).toBe(
        `Done: ${word.toLowerCase()} tenants.`,
      );
    },
  );

  it('needs a reason', async () => {
    await ask('Reset…');
    expect(await scene.text('#action-title')).toBe('Reset a');
    await give('  ');
    await scene.page.locator('#action-confirm').focus();
    await confirm();
    await problem('Give a reason: who comes next will want to know.');
    expect(await scene.focused()).toBe('action-reason');
    expect(scene.server.actions).toEqual([]);
    // As long as the server takes it.
    await scene.page.keyboard.insertText('x'.repeat(400));
    expect(
      await scene.read(`document.querySelector('#action-reason').value.length`),
    ).toBe(300);
    await scene.page.locator('#action-cancel').click();
    expect(await isAsking()).toBe(false);
    expect(scene.server.actions).toEqual([]);
    // Asked anew it is empty again.
    await choose('Reset…');
    expect(await scene.page.locator('#action-reason').inputValue()).toBe('');
    // Not even a gap.
    expect(await scene.style('#action-problem', 'display')).toBe('none');
  });

  it('is sent once, and says what the server says', async () => {
    await ask('Reset…');
    await give('why not');
    const { answer, letGo } = held(exchange =>
      exchange.json(422, {
        error: {
          message: 'Two things are wrong.',
          problems: [
            { path: 'one', message: 'is too much' },
            { path: 'two', message: 'is too little' },
          ],
        },
      }),
    );
    scene.server.onAction = answer;
    await confirm();
    await scene.eventually(() => scene.server.actions.length === 1);
    expect(await scene.page.locator('#action-confirm').isDisabled()).toBe(true);
    expect(
      Number(await scene.style('#action-confirm', 'opacity')),
    ).toBeLessThan(1);
    letGo();
    await problem(
      'Two things are wrong.\none: is too much\ntwo: is too little',
    );
    expect(await scene.page.locator('#action-confirm').isDisabled()).toBe(
      false,
    );
    // Each problem in a line.
    expect(await scene.page.locator('#action-problem').innerText()).toBe(
      await scene.text('#action-problem'),
    );
    expect(await isAsking()).toBe(true);
    expect(await scene.text('#announcer')).toBe('');

    scene.server.onAction = refusing(403, 'You may not.');
    await confirm();
    await problem('You may not.');
    scene.server.onAction = exchange => exchange.send(502, 'text/html', '<p>');
    await confirm();
    await problem('The server refused it (502).');
    scene.server.onAction = exchange => void exchange.response.destroy();
    await confirm();
    await problem(
      'The server cannot be reached. Whether anything was changed is not known.',
    );
    expect(await isAsking()).toBe(true);
  });

  it('looks for the process that is shown, behind a load balancer, but not for ever', async () => {
    await ask('Reset…');
    await give('why not');
    const another = refusing(409, 'Another process.');
    let left = 7;
    scene.server.onAction = exchange => {
      if (left-- > 0) return another(exchange);
      return exchange.json(200, {});
    };
    await confirm();
    await done();
    expect(scene.server.actions).toHaveLength(8);
    scene.server.actions = [];
    scene.server.onAction = another;
    await choose('Reset…');
    await give('why not');
    await confirm();
    await problem('Another process.');
    expect(scene.server.actions).toHaveLength(8);
  });

  it('changes thresholds: those that were written anew, as they are meant', async () => {
    const { thresholds } = viewOf('a');
    const circuit = viewOf('tenants', {
      key: 'acme',
      thresholds: {
        ...thresholds,
        failureRateThreshold: 0.125,
        slowCallDuration: 1_500,
        slowCallRateThreshold: 0.3333,
        openDuration: 30 * SECOND,
      },
    });
    await ask('Change thresholds…', circuit);
    expect(await scene.text('#action-title')).toBe(
      'Change thresholds of tenants',
    );
    expect(await scene.text('#action-effect')).toBe(
      'For all circuits of this name in this process, until it restarts.',
    );
    expect(await scene.text('#action-confirm')).toBe('Change');
    expect(await scene.focused()).toBe('threshold-failureRateThreshold');
    const fields = await scene.read(
      `[...document.querySelectorAll('#action-thresholds input')].map(({ labels, value }) => [labels[0].textContent, value])`,
    );
    expect(fields).toEqual([
      ['Failure rate in %', '12.5'],
      ['Of at least … calls', '20'],
      ['Failures in a row', '10'],
      ['Failures in the window', 'off'],
      ['Slow is longer than', '1500ms'],
      ['Slow rate in %', '33.3'],
      ['Stays open for', '30s'],
    ]);
    await give('too strict');
    await confirm();
    await problem('Nothing is changed yet.');
    const fill = (label: string, text: string) =>
      scene.page.getByLabel(label, { exact: true }).fill(text);
    // Nothing is what it is for the server to judge, and not nothing.
    await fill('Failures in a row', '');
    await confirm();
    await problem('Nothing is changed yet.');
    expect(scene.server.actions).toEqual([]);
    await fill('Failure rate in %', ' 33.35 % ');
    await fill('Of at least … calls', '5');
    await fill('Failures in a row', 'off');
    await fill('Failures in the window', '7');
    await fill('Slow is longer than', '250ms');
    await fill('Slow rate in %', 'off');
    await fill('Stays open for', 'long');
    await confirm();
    await done();
    expect(scene.server.actions.map(({ body }) => body)).toEqual([
      {
        type: 'configure',
        name: 'tenants',
        key: 'acme',
        reason: 'too strict',
        instance: scene.instance,
        thresholds: {
          failureRateThreshold: 0.334,
          minimumCalls: 5,
          consecutiveFailures: false,
          failureCount: 7,
          slowCallDuration: '250ms',
          slowCallRateThreshold: false,
          openDuration: 'long',
        },
      },
    ]);
    expect(await scene.text('#announcer')).toBe(
      'Done: change thresholds of tenants.',
    );
    // A function's wait cannot be written.
    await scene.change([
      viewOf('tenants', {
        key: 'acme',
        thresholds: { ...thresholds, openDuration: null },
      }),
    ]);
    await choose('Change thresholds…');
    expect(await scene.page.getByLabel('Stays open for').inputValue()).toBe('');
    await scene.page.keyboard.press('Escape');
    await choose('Reset…');
    expect(await scene.texts('#action-thresholds input')).toEqual([]);
  });
});
