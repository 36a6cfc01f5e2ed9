import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { MessagePattern, RpcException } from '@nestjs/microservices';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';
import {
  TRANSPORT_ERRORS,
  TransportErrors,
} from '../../lib/protection/transport-errors.js';
import { closeApps, rootModule, startContext } from '../support/nest-app.js';

afterEach(closeApps);

describe('a rejection in the words of a transport', () => {
  const rejection = new CircuitOpenException('dependency', 1_000);

  it('costs no stack', () => {
    const errors = new TransportErrors(new Map([['rpc', RpcException]]));

    const translated = errors.translate(rejection, 'rpc') as RpcException;

    expect(translated).toBeInstanceOf(RpcException);
    expect(translated.stack ?? '').not.toMatch(/\n\s+at /);
  });

  it('is there for handlers that a class inherits alone', async () => {
    class Messages {
      @MessagePattern('ask')
      ask() {}
    }
    @Controller()
    class Inheriting extends Messages {}
    const app = await startContext(rootModule({ controllers: [Inheriting] }));

    const errors = app.get<TransportErrors>(TRANSPORT_ERRORS, {
      strict: false,
    });

    expect(errors.translate(rejection, 'rpc')).toBeInstanceOf(RpcException);
  });
});
