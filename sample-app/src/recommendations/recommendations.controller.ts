import { Controller, Get, Param } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { RecommendationsService } from './recommendations.service.js';

@Controller('recommendations')
export class RecommendationsController {
  constructor(private readonly recommendations: RecommendationsService) {}

  @Get(':sku')
  find(@Param('sku') sku: string): Observable<string[]> {
    return this.recommendations.for(sku);
  }
}
