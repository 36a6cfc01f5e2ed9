import { z } from 'zod';

const LONGEST_REASON = 300;

const target = {
  /** The circuit's name. */
  name: z.string().min(1),
  /** The key of a keyed circuit. */
  key: z.string().nullable().default(null),
  /** Why; logged, and shown to whoever asks the circuit. */
  reason: z.string().trim().min(1).max(LONGEST_REASON),
  /** The process that is meant, as the stream names it: another one refuses. */
  instance: z.string().optional(),
};

/** The options that can be changed from the dashboard; `registry.configure` judges their values. */
const thresholds = z
  .strictObject({
    minimumCalls: z.unknown().optional(),
    failureRateThreshold: z.unknown().optional(),
    failureCount: z.unknown().optional(),
    consecutiveFailures: z.unknown().optional(),
    slowCallDuration: z.unknown().optional(),
    slowCallRateThreshold: z.unknown().optional(),
    openDuration: z.union([z.number(), z.string()]).optional(),
  })
  .refine(patch => Object.keys(patch).length > 0, {
    message: 'names no threshold to change',
  });

/** The body of an action. */
export const dashboardActionSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.enum(['force-open', 'force-closed', 'release', 'reset']),
    ...target,
  }),
  z.strictObject({ type: z.literal('configure'), ...target, thresholds }),
]);

/** Something a person asks of a circuit. `configure` changes all circuits of the name. */
export type DashboardAction = z.output<typeof dashboardActionSchema>;
