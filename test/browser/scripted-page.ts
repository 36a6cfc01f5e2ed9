import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import type { CircuitView } from '../../lib/dashboard/circuit-view.js';
import type {
  CircuitsMessage,
  FiguresMessage,
  SnapshotMessage,
} from '../../lib/dashboard/stream-messages.js';
import { launchChromium } from './chromium.mjs';
import { describeInChromium } from './describe-in-chromium.js';
import { NOON, SECOND } from './scripted-circuits.js';
import { ScriptedServer } from './scripted-server.js';

/** The browser's clock is an hour behind the server's: what is shown is the server's time. */
const BROWSER_TIME = NOON - 3_600 * SECOND;

const WITHOUT_STORAGE = '?without-storage';

/** Counts what the page has taken from the stream, after it has taken it. */
const COUNT_MESSAGES = `
  window.taken = 0;
  window.EventSource = class extends EventSource {
    addEventListener(type, listener) {
      super.addEventListener(type, event => {
        listener(event);
        window.taken++;
      });
    }
  };
  if (location.search === '${WITHOUT_STORAGE}')
    Object.defineProperty(window, 'localStorage', {
      get() {
        throw new Error('Nothing may be kept.');
      },
    });`;

/** Looks at the pixels of a chart; the colours are those of the style sheet. */
const DRAWN_IN = `(selector, parts, names, area) => {
  const host = document.querySelector(selector);
  const canvas = host.querySelector('canvas');
  const plot = host.querySelector(area).getBoundingClientRect();
  const edge = canvas.getBoundingClientRect();
  const probe = document.body.appendChild(document.createElement('span'));
  const rgb = name => {
    probe.className = 'colour-' + name;
    return getComputedStyle(probe).color.match(/[\\d.]+/g).map(Number);
  };
  const colours = names.map(rgb);
  probe.remove();
  const width = plot.width / parts;
  return Array.from({ length: parts }, (_, part) => {
    const { data } = canvas.getContext('2d').getImageData(
      plot.left - edge.left + (part + 0.2) * width, plot.top - edge.top,
      0.6 * width, plot.height);
    const counts = colours.map(() => 0);
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] < 255) continue;
      colours.forEach((colour, index) => {
        const isIt = [0, 1, 2].every(each => Math.abs(data[at + each] - colour[each]) < 6);
        if (isIt) counts[index]++;
      });
    }
    return names.filter((_, index) => counts[index] > 4).join(' ');
  });
}`;

/** Tests of the page, which share one browser. */
export function describePage(
  name: string,
  declare: (scene: ScriptedPage) => void,
): void {
  jest.setTimeout(20_000);
  describeInChromium(name, () => {
    const scene = new ScriptedPage();
    beforeAll(() => scene.open());
    afterAll(() => scene.close());
    declare(scene);
  });
}

/** The page in a browser whose clock stands still, and the server that it listens to. */
export class ScriptedPage {
  /** What the browser's console has complained about. */
  complaints: string[] = [];
  /** Names the process that the page believes to look at. */
  instance = '';
  browser!: BrowserContext;
  page!: Page;
  server!: ScriptedServer;
  private expected = 0;
  private instances = 0;

  /** Starts the browser and the server. */
  async open(): Promise<void> {
    this.browser = await launchChromium({
      viewport: { width: 1180, height: 900 },
      timezoneId: 'UTC',
    });
    await this.browser.addInitScript(COUNT_MESSAGES);
    await this.browser.clock.install({ time: BROWSER_TIME - SECOND });
    await this.browser.clock.pauseAt(BROWSER_TIME);
    this.page = await this.browser.newPage();
    this.page.setDefaultTimeout(4_000);
    this.page.on('pageerror', error => this.complaints.push(String(error)));
    this.page.on('console', message => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    this.server = await ScriptedServer.start();
  }

  async close(): Promise<void> {
    // What could not be opened was told already.
    await this.browser?.close();
    await this.server?.close();
  }

  /** Loads it anew, as one who comes; it has heard nothing yet. */
  async load(): Promise<void> {
    this.server.reset();
    await this.reload();
    await this.eventually(() => this.server.readerCount === 1);
  }

  /** Goes on with what is loaded. */
  renew(): void {
    this.server.reset();
    this.complaints = [];
  }

  /** Loads it anew, whatever the server does. */
  async reload(query = ''): Promise<void> {
    this.complaints = [];
    this.expected = 0;
    await this.page.goto(`${this.server.url}${query}`);
  }

  /** Loads it in a browser that lets nothing be kept. */
  async loadWithoutStorage(): Promise<void> {
    await this.reload(WITHOUT_STORAGE);
  }

  /** Looks at it with a telephone, until that is ended. */
  async asPhone(
    width: number,
    height: number,
  ): Promise<{ end(): Promise<void> }> {
    const session = await this.browser.newCDPSession(this.page);
    await session.send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: true,
    });
    return {
      end: async () => {
        await session.send('Emulation.clearDeviceMetricsOverride');
        await session.detach();
      },
    };
  }

  /** What a server says at first: these circuits, of a process that the page does not know. */
  async show(
    circuits: readonly CircuitView[],
    more: Partial<SnapshotMessage> = {},
  ): Promise<void> {
    this.instance = `instance-${++this.instances}`;
    await this.snapshot(circuits, more);
  }

  /** What the same server says when the page listens again. */
  async snapshot(
    circuits: readonly CircuitView[],
    more: Partial<SnapshotMessage> = {},
  ): Promise<void> {
    await this.say('snapshot', {
      at: NOON,
      instance: this.instance,
      actions: false,
      fleet: null,
      circuits,
      omitted: 0,
      ...more,
    });
  }

  /** These circuits have another state, or other rules. */
  async change(
    circuits: readonly CircuitView[],
    more: Partial<CircuitsMessage> = {},
  ): Promise<void> {
    await this.say('circuits', { at: NOON, circuits, removed: [], ...more });
  }

  /** The figures of these circuits are now so. */
  async figures(
    circuits: readonly CircuitView[],
    more: Partial<FiguresMessage> = {},
  ): Promise<void> {
    const figures = circuits.map(
      ({ name, key, totals, inFlight, inFlightSlow, halfOpen, ...view }) => ({
        name,
        key,
        totals,
        inFlight,
        inFlightSlow,
        halfOpen,
        window: view.window,
        latency: view.latency,
        ...(view.shared === null ? {} : { shared: view.shared }),
        ...(view.state === 'closed' ? {} : { sentence: view.sentence }),
      }),
    );
    await this.say('figures', { at: NOON, fleet: null, figures, ...more });
  }

  /** The browser's clock goes on, and what is due runs. */
  async pass(milliseconds: number): Promise<void> {
    await this.page.clock.runFor(milliseconds);
  }

  /** Lets time pass until something is there. */
  async passUntil<T>(something: Promise<T>): Promise<T> {
    const passed = Symbol('passed');
    for (;;) {
      const first = await Promise.race([
        something,
        this.pass(1).then(() => passed),
      ]);
      if (first !== passed) return first as T;
    }
  }

  /** The row of a circuit, or the one of a key. */
  row(title: string): Locator {
    return this.page.locator('.circuit').filter({
      has: this.page.locator('.name', { hasText: exactly(title) }),
    });
  }

  /** Opens the details of a circuit, or closes them. */
  async toggle(title: string): Promise<void> {
    await this.row(title).locator('.name').click();
  }

  text(selector: string): Promise<string> {
    return this.read(`document.querySelector('${selector}').textContent`);
  }

  /** The texts of all that a selector finds, in order. */
  texts(selector: string): Promise<string[]> {
    return this.read(
      `[...document.querySelectorAll('${selector}')].map(each => each.textContent)`,
    );
  }

  /** What is said of something, by term, as far as it is shown. */
  facts(selector: string): Promise<Record<string, string>> {
    return this.read(
      `Object.fromEntries([...document.querySelectorAll('${selector} .fact')]
        .filter(fact => fact.checkVisibility({ visibilityProperty: true }))
        .map(({ firstChild, lastChild }) => [firstChild.textContent, lastChild.textContent]))`,
    );
  }

  /** How many objects of a class the page still holds, in sight or not. */
  async held(className: string): Promise<number> {
    const session = await this.browser.newCDPSession(this.page);
    const evaluate = async (expression: string) =>
      (await session.send('Runtime.evaluate', { expression })).result.objectId!;
    const { objects } = await session.send('Runtime.queryObjects', {
      prototypeObjectId: await evaluate(`${className}.prototype`),
    });
    const { result } = await session.send('Runtime.callFunctionOn', {
      objectId: objects.objectId!,
      functionDeclaration: 'function () { return this.length; }',
      returnByValue: true,
    });
    await session.detach();
    return result.value as number;
  }

  /** A property as the style sheet makes it. */
  style(selector: string, property: string, pseudo = ''): Promise<string> {
    return this.read(
      `getComputedStyle(document.querySelector(${JSON.stringify(selector)}), '${pseudo}').getPropertyValue('${property}')`,
    );
  }

  /**
   * What a chart shows: divided into so many parts from left to right, which of
   * these colours are in the middle of each.
   */
  drawnIn(
    selector: string,
    parts: number,
    colours: readonly string[],
    area = '.u-over',
  ): Promise<string[]> {
    return this.read(
      `(${DRAWN_IN})(${JSON.stringify(selector)}, ${parts}, ${JSON.stringify(colours)}, '${area}')`,
    );
  }

  /** What the style sheet says that these are drawn in. */
  coloursOf(names: readonly string[]): Promise<Record<string, string>> {
    return this.read(`(names => {
      const probe = document.body.appendChild(document.createElement('span'));
      const colours = names.map(name => {
        probe.className = 'colour-' + name;
        return [name, getComputedStyle(probe).color];
      });
      probe.remove();
      return Object.fromEntries(colours);
    })(${JSON.stringify(names)})`);
  }

  /** A colour of the style sheet, as it is computed. */
  colourOf(variable: string): Promise<string> {
    return this.read(`(() => {
      const probe = document.body.appendChild(document.createElement('span'));
      probe.style.color = 'var(${variable})';
      const { color } = getComputedStyle(probe);
      probe.remove();
      return color;
    })()`);
  }

  /** How well a colour is seen on another: 1 is not at all, 21 is black on white (WCAG 2.2). */
  async contrast(colour: string, behind: string): Promise<number> {
    const luminances = await Promise.all(
      [colour, behind].map(async each =>
        luminanceOf(await this.colourOf(each)),
      ),
    );
    const [less = 0, more = 0] = luminances.toSorted((a, b) => a - b);
    return (more + 0.05) / (less + 0.05);
  }

  isVisible(selector: string): Promise<boolean> {
    return this.page.locator(selector).isVisible();
  }

  /** The text of what has the focus. */
  focused(): Promise<string> {
    return this.read(
      `document.activeElement.id || document.activeElement.textContent`,
    );
  }

  /** Something in the page. */
  read<T>(expression: string): Promise<T> {
    return this.page.evaluate<T>(expression);
  }

  /** Waits until the page has what it has asked for, and has drawn it. */
  async settled(): Promise<void> {
    const { server } = this;
    await this.eventually(
      () => server.answered > 0 && server.answered === server.askedFor.length,
      'every circuit that the page asks for is answered',
    );
    await this.seen();
  }

  /** Waits until the browser has told the page which of its parts are in sight. */
  async seen(): Promise<void> {
    for (let times = 0; times < 2; times++)
      await this.read(
        `new Promise(resolve => new IntersectionObserver(resolve).observe(document.body))`,
      );
  }

  /** Waits for what the browser or the network does in its own time. */
  async eventually(
    isSo: () => boolean | Promise<boolean>,
    what = String(isSo),
  ): Promise<void> {
    const end = performance.now() + 4_000;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`It was never so: ${what}`);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  }

  async expectText(selector: string, expected: string | RegExp): Promise<void> {
    let text = '';
    const isSo = async () => {
      text = await this.text(selector);
      return typeof expected === 'string'
        ? text === expected
        : expected.test(text);
    };
    await this.eventually(isSo).catch(() => undefined);
    if (typeof expected === 'string') expect(text).toBe(expected);
    else expect(text).toMatch(expected);
  }

  private async say(
    event: Parameters<ScriptedServer['say']>[0],
    data: SnapshotMessage | CircuitsMessage | FiguresMessage,
  ): Promise<void> {
    this.expected++;
    this.server.say(event, data as never);
    await this.eventually(
      async () => (await this.read<number>('window.taken')) >= this.expected,
      `the page takes the message "${event}"`,
    );
    await this.seen();
  }
}

function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? [])
    .map(part => Number(part) / 255)
    .map(part =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
    );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
