// The fleet is tested with a real server. Where it is missing and may be installed, it is; else the suite says so.
import { spawnSync } from 'node:child_process';

const runs = (command, ...args) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const hasServer = ['redis-server', 'valkey-server'].some(name =>
  runs(name, '--version'),
);
if (!hasServer && process.getuid?.() === 0 && runs('apt-get', '--version')) {
  console.log('Installing redis-server, which the tests of the fleet use …');
  runs('apt-get', 'update');
  if (!runs('apt-get', 'install', '-y', 'redis-server')) {
    console.warn('redis-server could not be installed.');
  }
}
