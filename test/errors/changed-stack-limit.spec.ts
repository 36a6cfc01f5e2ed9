import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';

// What was frozen cannot be thawed: that test is the last one.
describe('an error without a stack, in a process with a limit of its own,', () => {
  const found = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')!;

  beforeEach(() => void jest.resetModules());
  afterEach(() => {
    if (Object.isExtensible(Error)) {
      Object.defineProperty(Error, 'stackTraceLimit', found);
    }
  });

  it('has none where somebody has taken the limit away', async () => {
    Reflect.deleteProperty(Error, 'stackTraceLimit');
    expect((await build()).stack).toBeUndefined();
  });

  it('is built all the same where the limit cannot be written', async () => {
    Object.defineProperty(Error, 'stackTraceLimit', {
      ...found,
      writable: false,
    });
    expect((await build()).message).toBe('refused');
  });

  it('is built all the same where the limit cannot be added', async () => {
    Reflect.deleteProperty(Error, 'stackTraceLimit');
    Object.preventExtensions(Error);
    expect((await build()).message).toBe('refused');
  });
});

/** As a process that begins now would. */
async function build(): Promise<Error> {
  const { withoutStack } = await import('../../lib/errors/without-stack.js');
  return withoutStack(() => new Error('refused'));
}
