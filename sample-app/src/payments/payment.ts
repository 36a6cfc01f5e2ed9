/** What the gateway is asked to charge. The order's id is the idempotency key. */
export interface Payment {
  orderId: string;
  amount: number;
}

/** How far a payment got. */
export type PaymentState = 'paid' | 'queued' | 'declined';
