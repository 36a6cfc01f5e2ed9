import { Module } from '@nestjs/common';
import { Customers } from './customers.js';
import { Dependencies } from './dependencies.js';
import { PanelController } from './panel.controller.js';

@Module({
  controllers: [PanelController],
  providers: [Customers, Dependencies],
})
export class PanelModule {}
