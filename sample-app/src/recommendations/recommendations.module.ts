import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { CircuitBreakerModule } from 'nestjs-breaker';
import { settings } from '../settings.js';
import { RecommendationsController } from './recommendations.controller.js';
import { RecommendationsService } from './recommendations.service.js';

@Module({
  imports: [
    CircuitBreakerModule.forFeature([
      {
        name: 'recommendations',
        failureRateThreshold: 0.7,
        slowCallDuration: '300ms',
        openDuration: '5s',
        bulkhead: { maxConcurrent: 10, maxQueue: 10, maxWait: '300ms' },
      },
    ]),
    HttpModule.register({
      baseURL: settings.recommendationsUrl,
      timeout: 500,
      proxy: false,
    }),
  ],
  controllers: [RecommendationsController],
  providers: [RecommendationsService],
  exports: [RecommendationsService],
})
export class RecommendationsModule {}
