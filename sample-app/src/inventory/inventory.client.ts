import { BadGatewayException, HttpException, Injectable } from '@nestjs/common';
import { settings } from '../settings.js';

export interface Stock {
  warehouse: string;
  inStock: number;
}

export interface Product {
  sku: string;
  description: string;
}

/** The inventory's API as it is, unprotected. */
@Injectable()
export class InventoryClient {
  reserve(warehouse: string, sku: string): Promise<unknown> {
    return this.call(`/warehouses/${warehouse}/reservations`, {
      method: 'POST',
      body: JSON.stringify({ sku }),
    });
  }

  stock(warehouse: string, sku: string): Promise<Stock> {
    return this.call(`/warehouses/${warehouse}/stock/${sku}`);
  }

  product(sku: string): Promise<Product> {
    return this.call(`/products/${sku}`);
  }

  private async call<T>(path: string, init?: RequestInit): Promise<T> {
    const signal = AbortSignal.timeout(1_000);
    const url = settings.inventoryUrl + path;
    const response = await fetch(url, { ...init, signal });
    const body = (await response.json()) as T;
    if (response.ok) return body;
    // The circuit reads the status: 4xx is an answer, 5xx a failure.
    throw response.status < 500
      ? new HttpException(body as object, response.status)
      : new BadGatewayException('The inventory is out of order');
  }
}
