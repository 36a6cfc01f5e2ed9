import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
} from '@nestjs/common';
import { isOperator } from './operator.js';

/** Lets the operator pass. */
@Injectable()
export class OperatorGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (isOperator(context.switchToHttp().getRequest())) return true;
    throw new ForbiddenException(
      'Only for whoever follows the link that npm start printed',
    );
  }
}
