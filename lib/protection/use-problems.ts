import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { OptionProblem } from '../errors/invalid-options.error.js';
import { declaredAnswerKind } from './answer-kind.js';
import { optionsOf, protectionOfMethod } from './protection.js';
import { declaredMethods } from './protection-metadata.accessor.js';
import { protectionMessages } from './protection.messages.js';

/**
 * What is wrong with decorated methods beside their options alone: waiting for
 * what is there at once, and one cache for the answers of many requests.
 *
 * @param wrappers of an application whose providers are all known
 */
export function useProblemsOf(
  wrappers: readonly InstanceWrapper[],
): OptionProblem[] {
  return wrappers.flatMap(wrapper => {
    const prototype: unknown =
      typeof wrapper.metatype === 'function' && !wrapper.isNotMetatype
        ? wrapper.metatype.prototype
        : undefined;
    if (typeof prototype !== 'object' || prototype === null) return [];
    return declaredMethods(prototype).flatMap(method => {
      const { source, ...protection } = protectionOfMethod(prototype, method);
      const { call } = optionsOf({ source, ...protection });
      return [
        ...waitingProblems(prototype, method.key, call).map(
          ({ path, message }) => ({ path: `${source}: ${path}`, message }),
        ),
        ...(isSharedCache(call) && !wrapper.isDependencyTreeStatic()
          ? [
              {
                path: `${source}: cache.key`,
                message: protectionMessages.cacheOfManyRequests(),
              },
            ]
          : []),
      ];
    });
  });
}

type CallOptions = ReturnType<typeof optionsOf>['call'];

function waitingProblems(
  prototype: object,
  key: PropertyKey,
  call: CallOptions,
): OptionProblem[] {
  const returnType: unknown = Reflect.getMetadata(
    'design:returntype',
    prototype,
    key as string | symbol,
  );
  const method: unknown = Reflect.get(prototype, key);
  const kind = call.returns ?? declaredAnswerKind(method, returnType);
  if (kind !== 'value') return [];
  return (['timeout', 'deadline', 'retry'] as const)
    .filter(name => call[name] !== undefined && call[name] !== false)
    .map(path => ({ path, message: protectionMessages.plainValue() }));
}

/** One request's answer must not be another's. */
function isSharedCache({ cache }: CallOptions): boolean {
  return typeof cache === 'object' && cache.key === undefined;
}
