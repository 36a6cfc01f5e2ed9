import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  NotFoundException,
  Param,
  Put,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import {
  isOperator,
  isOperatorToken,
  operatorCookie,
} from '../operator/operator.js';
import { OperatorGuard } from '../operator/operator.guard.js';
import type { Switches } from '../upstreams/upstream.js';
import { Customers } from './customers.js';
import { Dependencies } from './dependencies.js';

const files: Record<string, string> = {
  'index.html': 'text/html; charset=utf-8',
  'panel.js': 'text/javascript; charset=utf-8',
  'panel.css': 'text/css; charset=utf-8',
};

/** One page that breaks and mends the services behind the shop. */
@Controller('panel')
export class PanelController {
  constructor(
    private readonly dependencies: Dependencies,
    private readonly customers: Customers,
  ) {}

  /** @param token from the link that `npm start` prints: it makes the browser the operator's */
  @Get()
  async page(
    @Res() response: ServerResponse,
    @Query('token') token?: string,
  ): Promise<void> {
    if (token === undefined) return send(response, 'index.html');
    if (!isOperatorToken(token)) {
      throw new ForbiddenException('This is not the link of this start');
    }
    response
      .writeHead(302, {
        location: '/panel',
        'set-cookie': operatorCookie(token),
        'referrer-policy': 'no-referrer',
      })
      .end();
  }

  @Get('files/:name')
  file(@Res() response: ServerResponse, @Param('name') name: string) {
    return send(response, name);
  }

  @Get('state')
  async state(@Req() request: IncomingMessage) {
    return {
      mayBreak: isOperator(request),
      dependencies: await this.dependencies.view(),
      customers: this.customers.view(),
    };
  }

  @Put('dependencies/:name')
  @UseGuards(OperatorGuard)
  async turn(@Param('name') name: string, @Body() body: Partial<Switches>) {
    await this.dependencies.turn(name, body);
    return this.dependencies.view();
  }

  @Put('customers')
  @UseGuards(OperatorGuard)
  come(@Body() { perSecond }: { perSecond?: number }) {
    return this.customers.come(Number(perSecond) || 0);
  }
}

async function send(response: ServerResponse, name: string): Promise<void> {
  const type = files[name];
  if (type === undefined) throw new NotFoundException();
  const content = await readFile(
    new URL(`../../panel/${name}`, import.meta.url),
  );
  response
    .writeHead(200, {
      'content-type': type,
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
    })
    .end(content);
}
