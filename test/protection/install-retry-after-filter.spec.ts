import { describe, expect, it } from '@jest/globals';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import { installRetryAfterFilter } from '../../lib/protection/install-retry-after-filter.js';

describe('the filter for Retry-After', () => {
  it('is added once, also when two copies of the package add it', () => {
    const config = new ApplicationConfig();
    const adapterHost = new HttpAdapterHost();

    installRetryAfterFilter(config, adapterHost);
    installRetryAfterFilter(config, adapterHost);

    expect(config.getGlobalFilters()).toHaveLength(1);
    expect(config.getGlobalRequestFilters()).toEqual([]);
  });
});
