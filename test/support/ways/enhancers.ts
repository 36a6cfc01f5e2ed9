import {
  Catch,
  SetMetadata,
  UseFilters,
  UseGuards,
  UsePipes,
  applyDecorators,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { throwError } from 'rxjs';
import { TeapotError } from './upstream.js';

/** What the user's own guard, pipe and filter have seen. */
export const seen = { roles: [] as unknown[], piped: 0, filtered: 0 };

class RoleGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    seen.roles.push(new Reflector().get('role', context.getHandler()));
    return true;
  }
}

class Shout implements PipeTransform {
  transform(value: unknown): unknown {
    if (typeof value !== 'string') return value;
    seen.piped++;
    return value.toUpperCase();
  }
}

@Catch(TeapotError)
class TeapotFilter implements ExceptionFilter<TeapotError> {
  catch(error: TeapotError, host: ArgumentsHost): unknown {
    seen.filtered++;
    const answer = { teapot: error.message };
    switch (host.getType<string>()) {
      case 'http':
        return host
          .switchToHttp()
          .getResponse<{ status(code: number): { send(body: object): void } }>()
          .status(418)
          .send(answer);
      case 'rpc':
        return throwError(() => answer);
      case 'ws':
        return tellSocket(host.switchToWs().getClient(), answer);
      default:
        return error;
    }
  }
}

interface Socket {
  send?(text: string): void;
  emit(event: string, data: unknown): void;
  readonly readyState?: number;
}

function tellSocket(client: Socket, data: unknown): void {
  if (client.readyState === undefined) client.emit('exception', data);
  else client.send?.(JSON.stringify({ event: 'exception', data }));
}

/** What a user has above our decorator. */
export const Above = () =>
  applyDecorators(UseGuards(RoleGuard), SetMetadata('role', 'admin'));

/** What a user has below it. */
export const Below = () =>
  applyDecorators(UsePipes(Shout), UseFilters(TeapotFilter));
