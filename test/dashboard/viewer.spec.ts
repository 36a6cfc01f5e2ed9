import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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

/** Until the kernel's buffers are full, too. */
async function fill(viewer: Viewer, response: ServerResponse): Promise<void> {
  for (let still = 0; still < 3;) {
    const before = response.writableLength;
    viewer.send(MESSAGE);
    await new Promise(resolve => setTimeout(resolve, 10));
    still = before > 0 && response.writableLength === before ? still + 1 : 0;
  }
}
