/**
 * Settle: records an attempt and moves its delivery, fenced by the lease. What to make of the outcome is decided by
 * `decideSettle` with what this commit reads. Off the usual path stand a settle that was repeated, answered again from
 * the rows, and one that lost its lease, appended as `late`.
 */
import { type LiveDelivery, decideSettle, type Fallback, type SettleDecision } from '../../domain/delivery.ts';
import { late, type ResponseData } from '../../domain/attempt.ts';
import type { SettleRequest, SettleResult } from '../../ports/ledger.ts';
import { type EngineContext, type LiveRow, isOwner, liveQuery } from './engine-context.ts';
import { countWaiting } from './engine-memory.ts';
import { endedState } from './ended-state.ts';
import type { LaneRow } from './lanes.ts';
import { type AttemptRow, LANE_DELETED, kindCode, triggerCode, triggerOf } from './rows.ts';
import { type Command, command, query } from './statements.ts';

const SETTLED = kindCode('settled');
const LATE = kindCode('late');

/** Values of `live.fallback`. */
export const FALLBACK_WAITING = 0;
export const FALLBACK_SUCCEEDED = 1;
export const FALLBACK_EXHAUSTED = 2;

export function settling(context: EngineContext): (request: SettleRequest) => SettleResult {
  const { db, lanes } = context;
  const live = liveQuery(db);
  const eligible = query<{ eligible: number }>(db, 'select eligible from event where seq = ?');
  const move = deliveryMover(context);
  const settleLost = lostSettler(context);

  return (request) => {
    const { lease, outcome } = request;
    const row = live.get(lease.event, lease.lane);
    const lane = lanes.find(lease.lane);
    if (lane === undefined) throw new RangeError('a lease was settled of a lane that never was');
    if (row === undefined || !isOwner(context, row, lease)) return settleLost(request, { row, streak: lane.streak });
    const decision = decideSettle({
      delivery: deliveryOf(row),
      // Only a failure asks; the usual attempt doesn't read the event.
      eligibleForRetry: outcome.ok || eligible.get(lease.event)?.eligible === 1,
      outcome,
      finishedAtMs: request.finishedAtMs,
      policy: request.policy,
      random: request.random,
      streak: lane.streak,
      laneDeleted: lane.state === LANE_DELETED,
    });
    const number = row.tries + 1;
    append(context, request, { kind: SETTLED, n: number, trigger: row.trigger });
    writeHealth(context, lane, decision);
    move(row, lane, decision, request);
    const dueMs = decision.state === 'waiting' ? decision.dueMs : null;
    return { number, state: decision.state, dueMs, streak: decision.streak };
  };
}

function deliveryOf(row: LiveRow): LiveDelivery {
  return { tries: row.tries, spent: row.spent, trigger: triggerOf(row.trigger), fallback: fallbackOf(row) };
}

function fallbackOf({ fallback, fallback_due: dueMs }: LiveRow): Fallback | null {
  switch (fallback) {
    case FALLBACK_WAITING:
      return { kind: 'waiting', dueMs: dueMs ?? 0 };
    case FALLBACK_SUCCEEDED:
      return { kind: 'ended', state: 'succeeded' };
    case FALLBACK_EXHAUSTED:
      return { kind: 'ended', state: 'exhausted' };
    default:
      return null;
  }
}

function append(
  { attempts }: EngineContext,
  { lease, outcome, startedAtMs, finishedAtMs }: SettleRequest,
  given: { readonly kind: number; readonly n: number; readonly trigger: number },
): void {
  attempts.append({
    ...given,
    event: lease.event,
    lane: lease.lane,
    tenant: lease.tenant,
    lease: lease.lease,
    succeeded: outcome.ok ? 1 : 0,
    code: outcome.code,
    started_at: startedAtMs,
    finished_at: finishedAtMs,
    response: responseBytes(outcome.response),
  });
}

const responseBytes = (response: ResponseData | null): Uint8Array | null =>
  response === null ? null : Buffer.from(JSON.stringify(response));

/** A success on a lane without failures, the usual case, writes nothing. */
function writeHealth({ lanes }: EngineContext, lane: LaneRow, { streak, holdUntilMs }: SettleDecision): void {
  const holdMs = holdUntilMs === null ? lane.hold_until : Math.max(holdUntilMs, lane.hold_until ?? 0);
  if (streak !== lane.streak || holdMs !== lane.hold_until) lanes.setHealth(lane.number, streak, holdMs);
  if (holdMs === lane.hold_until || holdMs === null) return;
  const isReady = lane.turn !== null;
  if (!isReady && (lane.wake_at === null || lane.wake_at >= holdMs)) return;
  // It was to be served before; now it sleeps until the destination wants more.
  lanes.sleep(lane.number, holdMs);
  if (isReady) lanes.endTurns(lane.tenant);
}

type DeliveryMover = (row: LiveRow, lane: LaneRow, decision: SettleDecision, request: SettleRequest) => void;

function deliveryMover({ db, counters, lanes }: EngineContext): DeliveryMover {
  const wait = command(
    db,
    `update live set state = 0, due = ?, tries = ?, spent = ?, trigger = 0, fallback = null, fallback_due = null
     where event = ? and lane = ?`,
  );
  const end = command(db, 'delete from live where event = ? and lane = ?');
  const close: Command = command(
    db,
    'insert or replace into closed (event, lane, state, reason, at) values (?, ?, ?, ?, ?)',
  );
  return (row, lane, decision, { outcome, finishedAtMs }) => {
    const { event } = row;
    if (decision.state === 'waiting') {
      wait.run(decision.dueMs, row.tries + 1, decision.spent, event, lane.number);
      countWaiting(counters, event, lane.number, 1);
      // The hold may be this very decision's.
      lanes.wake(lane, Math.max(decision.dueMs, decision.holdUntilMs ?? 0));
      return;
    }
    end.run(event, lane.number);
    // The last settled attempt tells a success by succeeding and an exhaustion by failing.
    if (decision.state === 'succeeded' && !outcome.ok) close.run(event, lane.number, 'succeeded', null, finishedAtMs);
    if (decision.state === 'cancelled') close.run(event, lane.number, 'cancelled', decision.reason, finishedAtMs);
  };
}

interface LostLease {
  /** The delivery as it is now, on its way by another lease or none. */
  readonly row: LiveRow | undefined;
  readonly streak: number;
}

/** A settle without its lease: the first one's answer again if it is a repeat, else one attempt more in the log. */
function lostSettler(context: EngineContext): (request: SettleRequest, lost: LostLease) => SettleResult {
  const { db, attempts } = context;
  const count = command(db, 'update live set tries = ? where event = ? and lane = ?');
  return (request, { row, streak }) => {
    const { lease } = request;
    const log = attempts.ofDelivery(lease.event, lease.lane);
    const first = log.find((one) => one.lease === lease.lease && (one.kind === SETTLED || one.kind === LATE));
    if (first !== undefined) return { number: first.n, streak, ...answerOf(context, first, { log, row }) };
    if (row === undefined && log.length === 0) throw new RangeError('a lease was settled that was never given');
    const number = (row?.tries ?? log.reduce((last, one) => Math.max(last, one.n), 0)) + 1;
    const logged = { ...request, outcome: late(request.outcome) };
    append(context, logged, { kind: LATE, n: number, trigger: triggerCode(request.trigger) });
    if (row !== undefined) count.run(number, lease.event, lease.lane);
    return { number, state: 'late', dueMs: null, streak };
  };
}

/** What the settle that wrote an attempt answered, as far as the rows still tell. */
function answerOf(
  { db }: EngineContext,
  first: AttemptRow,
  { row, log }: { readonly log: readonly AttemptRow[]; readonly row: LiveRow | undefined },
): Pick<SettleResult, 'state' | 'dueMs'> {
  if (first.kind === LATE) return { state: 'late', dueMs: null };
  if (first.succeeded === 1) return { state: 'succeeded', dueMs: null };
  const isFollowed = log.some(
    (one) => one.kind === SETTLED && one.n > first.n && triggerOf(one.trigger) === 'schedule',
  );
  if (row === undefined && !isFollowed) {
    return { state: endedState(db, { event: first.event, lane: first.lane, log }), dueMs: null };
  }
  // A manual retry that has come in between put the due time aside.
  return { state: 'waiting', dueMs: row?.fallback_due ?? row?.due ?? first.finished_at };
}
