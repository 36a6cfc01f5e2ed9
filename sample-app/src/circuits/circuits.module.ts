import { Module } from '@nestjs/common';
import { CircuitLog } from './circuit-log.js';
import { CircuitsController } from './circuits.controller.js';

@Module({ controllers: [CircuitsController], providers: [CircuitLog] })
export class CircuitsModule {}
