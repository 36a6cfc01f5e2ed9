import {
  BadRequestException,
  Body,
  Controller,
  Delete,
  Get,
  NotFoundException,
  Param,
  Patch,
  Post,
  Put,
} from '@nestjs/common';
import {
  type Circuit,
  CircuitBreakerRegistry,
  type CircuitOptions,
  InvalidOptionsError,
} from 'nestjs-breaker';

interface Override {
  state: 'open' | 'closed';
  reason?: string;
}

/** For operators. A real shop asks here who they are. */
@Controller('admin/circuits')
export class CircuitsController {
  constructor(private readonly registry: CircuitBreakerRegistry) {}

  @Get()
  list() {
    return this.registry.snapshot();
  }

  @Get(':name')
  show(@Param('name') name: string) {
    const circuit = this.find(name);
    return { ...circuit.snapshot(), explanation: circuit.explain() };
  }

  @Patch(':name')
  configure(@Param('name') name: string, @Body() patch: CircuitOptions) {
    this.find(name);
    try {
      this.registry.configure(name, patch);
    } catch (error) {
      throw error instanceof InvalidOptionsError
        ? new BadRequestException(error.message)
        : error;
    }
    return this.show(name);
  }

  @Put(':name/override')
  override(@Param('name') name: string, @Body() { state, reason }: Override) {
    const circuit = this.find(name);
    if (state === 'open') circuit.forceOpen(reason);
    else if (state === 'closed') circuit.forceClosed(reason);
    else throw new BadRequestException(`'open' or 'closed', not '${state}'`);
    return this.show(name);
  }

  @Delete(':name/override')
  release(@Param('name') name: string) {
    this.find(name).releaseOverride();
    return this.show(name);
  }

  @Post(':name/reset')
  reset(@Param('name') name: string) {
    this.find(name).reset();
    return this.show(name);
  }

  private find(name: string): Circuit {
    const circuit = this.registry.find(name);
    if (!circuit) throw new NotFoundException(`No circuit '${name}'`);
    return circuit;
  }
}
