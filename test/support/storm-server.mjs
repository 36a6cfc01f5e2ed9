import { createServer } from 'node:http';

/**
 * A dependency in a process of its own. It is told how to behave and asked what
 * it has seen by messages: `{ mode }` and `{ ask: true }`.
 */
let mode = 'ok';
let running = 0;
let most = 0;
let arrived = 0;

const server = createServer((request, response) => {
  arrived++;
  running++;
  most = Math.max(most, running);
  let isOver = false;
  const over = () => {
    if (!isOver) running--;
    isOver = true;
  };
  request.socket.once('end', over);
  response.once('close', over);
  if (mode === 'hangs') return;
  const isDown = mode === 'flaky' && arrived % 5 === 0;
  response.statusCode = isDown ? 503 : 200;
  setTimeout(() => {
    over();
    response.end('{}');
  }, 5);
});

process.on('message', message => {
  if (message.mode !== undefined) mode = message.mode;
  process.send({ running, most, arrived });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  process.send({ port: server.address().port });
});
