import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { Viewer } from '../../lib/dashboard/viewer.js';

const MESSAGE = Buffer.from(`data: ${'x'.repeat(1_000_000)}\n\n`);
const EVERYTHING = Buffer.from('event: snapshot\ndata: {}\n\n');

describe('a reader of the stream', () => {
  let response: ServerResponse;
  let socket: Socket;
  let stop: () => Promise<void>;
  let received = '';

  beforeEach(async () => {
    received = '';
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const asked = once(server, 'request');
    socket = connect(port, '127.0.0.1');
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    [, response] = (await asked) as [unknown, ServerResponse];
    response.flushHeaders();
    stop = async () => {
      socket.destroy();
      server.close();
      await once(server, 'close');
    };
  });
  afterEach(() => stop());

  it('that does not read holds a message or two in memory, however many there are', async () => {
    socket.pause();
    const viewer = new Viewer(response, () => EVERYTHING);
    for (let count = 0; count < 200; count++) {
      viewer.send(MESSAGE);
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(response.writableLength).toBeGreaterThan(0);
    expect(response.writableLength).toBeLessThan(2 * MESSAGE.length);
  });

  it('that stays behind loses its connection', async () => {
    socket.pause();
    const gone = once(response, 'close');
    const viewer = new Viewer(response, () => EVERYTHING, 1_000);
    await fill(viewer, response);
    viewer.check();
    expect(response.destroyed).toBe(false);
    await new Promise(resolve => setTimeout(resolve, 1_100));
    viewer.check();
    await gone;
    viewer.send(MESSAGE);
    expect(response.destroyed).toBe(true);
  });

  it('that was behind is told everything anew, and not what it missed', async () => {
    socket.pause();
    const viewer = new Viewer(response, () => EVERYTHING);
    await fill(viewer, response);
    viewer.send(Buffer.from('data: missed\n\n'));
    socket.on('data', chunk => (received += chunk));
    socket.resume();
    for (
      let tries = 0;
      !received.includes('snapshot') && tries < 500;
      tries++
    ) {
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    expect(received).toContain('event: snapshot');
    expect(received).not.toContain('missed');
    viewer.send(Buffer.from('data: after\n\n'));
    for (let tries = 0; !received.includes('after') && tries < 500; tries++) {
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    expect(received).toContain('after');
  });
});

describe('what a reader of the stream is told', () => {
  beforeEach(
    () =>
      void jest.useFakeTimers({
        // Streams live on these.
        doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'],
      }),
  );
  afterEach(() => void jest.useRealTimers());

  it('is every message while it keeps up', async () => {
    const { send, catchUp } = narrow(1_000);
    send('a', 'b', 'c');
    expect(await catchUp()).toBe('abc');
  });

  it('is nothing twice that it got before it was behind', async () => {
    const { send, catchUp } = narrow();
    send('a');
    expect(await catchUp()).toBe('a');
    send('b');
    expect(await catchUp()).toBe('b');
  });

  it('is everything anew, once, each time that it has missed something', async () => {
    const { send, catchUp, stream } = narrow();
    const listeners = stream.listenerCount('drain');
    for (const first of ['a', 'b']) {
      send(first, 'missed', 'missed');
      expect(await catchUp()).toBe(`${first}everything`);
    }
    send('c');
    expect(await catchUp()).toBe('c');
    expect(stream.listenerCount('drain')).toBe(listeners);
  });

  it('ends after fifteen seconds behind', () => {
    const { send, viewer, stream } = narrow();
    send('a');
    jest.advanceTimersByTime(10_000);
    send('missed');
    jest.advanceTimersByTime(5_000);
    viewer.check();
    expect(stream.destroyed).toBe(false);
    jest.advanceTimersByTime(1);
    viewer.check();
    expect(stream.destroyed).toBe(true);
  });

  it('does not end where it is behind again and again, but catches up', async () => {
    const { send, catchUp, viewer, stream } = narrow();
    for (let times = 0; times < 3; times++) {
      send('a');
      jest.advanceTimersByTime(10_000);
      viewer.check();
      await catchUp();
    }
    jest.advanceTimersByTime(20_000);
    viewer.check();
    expect(stream.destroyed).toBe(false);
  });

  it('is nothing after its end', async () => {
    const { send, catchUp, viewer, stream } = narrow();
    const errors: unknown[] = [];
    stream.on('error', error => errors.push(error));
    viewer.end();
    expect(stream.writableEnded).toBe(true);
    send('late');
    expect(await catchUp()).toBe('');
    expect(errors).toEqual([]);
  });
});

/** A reader behind a stream that is full with so many bytes. */
function narrow(highWaterMark = 1) {
  const stream = new PassThrough({ highWaterMark });
  const viewer = new Viewer(stream as unknown as ServerResponse, () =>
    Buffer.from('everything'),
  );
  return {
    stream,
    viewer,
    send(...messages: string[]) {
      for (const message of messages) viewer.send(Buffer.from(message));
    },
    /** Reads until nothing more comes. */
    async catchUp() {
      let text = '';
      for (let turns = 0; turns < 5; turns++) {
        text += String(stream.read() ?? '');
        await new Promise(resolve => setImmediate(resolve));
      }
      return text;
    },
  };
}

/** Until the kernel's buffers are full, too. */
async function fill(viewer: Viewer, response: ServerResponse): Promise<void> {
  for (let still = 0; still < 3;) {
    const before = response.writableLength;
    viewer.send(MESSAGE);
    await new Promise(resolve => setTimeout(resolve, 10));
    still = before > 0 && response.writableLength === before ? still + 1 : 0;
  }
}
