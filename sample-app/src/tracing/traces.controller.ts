import { Controller, Get } from '@nestjs/common';
import { RecentSpans } from './recent-spans.js';

@Controller('traces')
export class TracesController {
  constructor(private readonly spans: RecentSpans) {}

  /** What circuits wrote into the traces of requests. */
  @Get()
  list() {
    return this.spans.list();
  }
}
