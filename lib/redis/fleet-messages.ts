import { z } from 'zod';
import { isMergeable } from '../state/merge-options.js';
import type { Announcement, ExchangeReply } from './fleet-store.js';

/** Others may write to the same server: nothing of theirs may reach a circuit. */
const whole = z.int().min(0);

const storedState = z.object({
  state: z.enum([
    'closed',
    'open',
    'half-open',
    'forced-open',
    'forced-closed',
  ]),
  gen: whole,
  reason: z.string(),
  attempt: whole,
  left: whole,
  ordered: whole,
  config: z.record(
    z.string().regex(/^[a-z]+(\.[a-z]+)*$/i),
    z.tuple([whole, z.string().refine(isJson)]),
  ),
  configGen: whole,
});

const announced = { id: z.string(), rev: whole, epoch: z.string() };

const announcement = z.discriminatedUnion('what', [
  z.object({ ...announced, what: z.literal('state'), state: storedState }),
  z.object({ ...announced, what: z.literal('wanted'), gen: whole }),
]);

const reply = z.object({
  epoch: z.string(),
  rev: whole,
  instances: whole,
  circuits: listOf(
    z.object({
      state: storedState.optional(),
      leases: listOf(whole).optional(),
      window: z.tuple([whole, whole, whole, whole, whole]).optional(),
    }),
  ),
});

/** `undefined` for what is no announcement: anybody may publish on the channel. */
export function readAnnouncement(message: string): Announcement | undefined {
  try {
    return announcement.safeParse(JSON.parse(message)).data;
  } catch {
    return undefined;
  }
}

/** @throws Error if the store does not answer as a fleet's does: something else writes to its keys */
export function readReply(answer: unknown): ExchangeReply {
  const { data, error } = reply.safeParse(JSON.parse(String(answer)));
  if (data !== undefined) return data as ExchangeReply;
  const { path, message } = error.issues[0]!;
  throw new Error(
    `the store answered what no fleet has told it, at ${path.join('.') || 'the answer'}: ${message}. Does something else write to the keys of this namespace?`,
  );
}

/** Lua has one kind of table: an empty list comes as an object. */
function listOf<S extends z.ZodType>(item: S) {
  return z.preprocess(
    value =>
      isMergeable(value) && Object.keys(value).length === 0 ? [] : value,
    z.array(item),
  );
}

/** What it says can be taken or not: that is for the circuit to say. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
