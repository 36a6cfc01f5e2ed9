import { HttpService } from '@nestjs/axios';
import { HttpException, HttpStatus, Injectable } from '@nestjs/common';
import { isAxiosError } from 'axios';
import { firstValueFrom } from 'rxjs';
import type { Payment } from './payment.js';

/** The card was declined: an answer of a gateway in good health, so no failure to its circuit. */
export class CardDeclinedException extends HttpException {
  constructor() {
    super('The card was declined', HttpStatus.PAYMENT_REQUIRED);
  }
}

/** The gateway's API as it is, unprotected. */
@Injectable()
export class PaymentGatewayClient {
  constructor(private readonly http: HttpService) {}

  /**
   * May be repeated: the gateway charges once for each `Idempotency-Key`.
   *
   * @throws CardDeclinedException
   */
  async charge({ orderId, amount }: Payment): Promise<void> {
    const headers = { 'Idempotency-Key': orderId };
    try {
      await firstValueFrom(this.http.post('/charges', { amount }, { headers }));
    } catch (error) {
      const isDeclined =
        isAxiosError(error) &&
        error.response?.status === HttpStatus.PAYMENT_REQUIRED;
      throw isDeclined ? new CardDeclinedException() : error;
    }
  }
}
