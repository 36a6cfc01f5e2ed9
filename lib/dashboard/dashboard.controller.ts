import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Controller,
  Get,
  Inject,
  Post,
  Req,
  Res,
  UseGuards,
  VERSION_NEUTRAL,
  type CanActivate,
  type Type,
} from '@nestjs/common';
import { Dashboard } from './dashboard.js';
import { Exchange } from './exchange.js';

/** Fastify tells a path with a slash at its end from one without; Nest takes one slash away. */
const WITH_SLASH = '//';

/**
 * A controller under a path that the user chooses: so Nest puts it under the
 * global prefix, and the application's guards and middleware hold for it.
 */
export function createDashboardController(
  path: string,
  guards: readonly (CanActivate | Type<CanActivate>)[],
): Type {
  const isRoot = path.replaceAll('/', '') === '';

  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards)
  class CircuitBreakerDashboardController {
    constructor(@Inject(Dashboard) private readonly dashboard: Dashboard) {}

    @Get(isRoot ? [''] : ['', WITH_SLASH])
    page(@Req() request: IncomingMessage, @Res() response: ServerResponse) {
      this.dashboard.page(new Exchange(request, response));
    }

    @Get('assets/:name')
    asset(@Req() request: IncomingMessage, @Res() response: ServerResponse) {
      this.dashboard.asset(new Exchange(request, response));
    }

    @Get('api/circuits')
    circuits(@Req() request: IncomingMessage, @Res() response: ServerResponse) {
      this.dashboard.circuits(new Exchange(request, response));
    }

    @Get('api/circuit')
    circuit(@Req() request: IncomingMessage, @Res() response: ServerResponse) {
      this.dashboard.circuit(new Exchange(request, response));
    }

    @Get('api/events')
    events(@Req() request: IncomingMessage, @Res() response: ServerResponse) {
      this.dashboard.events(new Exchange(request, response));
    }

    @Post('api/actions')
    async act(
      @Req() request: IncomingMessage,
      @Res() response: ServerResponse,
    ) {
      await this.dashboard.act(new Exchange(request, response), request);
    }
  }
  return CircuitBreakerDashboardController;
}
