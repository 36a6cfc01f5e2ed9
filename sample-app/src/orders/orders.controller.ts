import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import {
  type Order,
  type OrderRequest,
  OrdersService,
} from './orders.service.js';

@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  place(@Body() request: OrderRequest) {
    return this.orders.place(request);
  }

  @Get()
  count() {
    return this.orders.count();
  }

  @Get(':id')
  find(@Param('id') id: string): Order {
    return this.orders.find(id);
  }
}
