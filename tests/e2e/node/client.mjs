// Plays a customer and an agent against running services, on gRPC's JavaScript implementation and
// with nothing but the published .proto files. Every step is checked; the exit code says how it went.
//   MUSTER_PROTO_DIR=proto MUSTER_INTAKE=… MUSTER_AVAILABILITY=… MUSTER_MATCHER=… node client.mjs
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { availability, call, closeAll, failureOf, intake, matcher } from './muster.mjs';
import { Customer, Phone } from './people.mjs';

const NOT_FOUND = 5;
const poolId = `node-${randomUUID().slice(0, 8)}`;
const agentId = 'ada';

async function scenario(name, play) {
  await play();
  console.log(`ok   ${name}`);
}

async function setUpPoolAndAgent() {
  const applied = await call(intake, 'ApplyPool', {
    pool: { pool_id: poolId, display_name: 'From Node' },
    queues: [{
      queue_id: 'cards',
      display_name: 'Kort',
      required_skills: [{ skill: 'cards', level: 2 }],
      weight: 1,
      target_wait: { seconds: 20 },
      offer_timeout: { seconds: 25 },
      after_work_time: { seconds: 60 },
    }],
    request_id: `${poolId}-apply`,
  });
  assert.equal(applied.pool_outcome, 'APPLY_OUTCOME_CREATED');
  assert.deepEqual(applied.queue_outcomes, [{ queue_id: 'cards', outcome: 'APPLY_OUTCOME_CREATED' }]);

  const agent = await call(availability, 'CreateAgent', {
    agent: {
      pool_id: poolId,
      agent_id: agentId,
      display_name: 'Ada',
      skills: [{ skill: 'cards', level: 3 }],
      languages: ['sv', 'en'],
      capacity: 1,
    },
    request_id: `${poolId}-agent`,
  });
  assert.equal(agent.presence, 'PRESENCE_OFFLINE');
  assert.notEqual(agent.etag, '');
}

async function wrongRequestsAreExplained() {
  const ticket = { pool_id: poolId, queue_id: 'cards', customer_id: 'c-0' };

  const noQueue = await failureOf(intake, 'CreateTicket', { ticket: { ...ticket, queue_id: 'loans' } });
  assert.equal(noQueue.code, 'NOT_FOUND');
  assert.equal(noQueue.ErrorInfo.reason, 'QUEUE_NOT_FOUND');
  assert.equal(noQueue.ErrorInfo.domain, 'muster');
  assert.notEqual(Object.keys(noQueue.ErrorInfo.metadata).length, 0);

  const noCustomer = await failureOf(intake, 'CreateTicket', { ticket: { ...ticket, customer_id: '' } });
  assert.equal(noCustomer.code, 'INVALID_ARGUMENT');
  assert.equal(noCustomer.ErrorInfo.domain, 'muster');
  assert.equal(noCustomer.BadRequest.field_violations[0].field, 'ticket.customer_id');
}

async function customerAsks(customer) {
  const ticket = await customer.ask('Spärrat kort');
  assert.equal(ticket.state, 'TICKET_STATE_QUEUED');
  assert.equal(ticket.pool_id, poolId);

  const again = await call(intake, 'CreateTicket', customer.request);
  assert.equal(again.ticket_id, ticket.ticket_id, 'the same request id gives the first answer');
  const other = await failureOf(intake, 'CreateTicket',
    { ...customer.request, ticket: { ...customer.request.ticket, subject: 'something else' } });
  assert.equal(other.code, 'INVALID_ARGUMENT');
  assert.equal(other.ErrorInfo.reason, 'REQUEST_ID_REUSED');

  customer.watch();
  const standing = await customer.seesState('TICKET_STATE_QUEUED');
  assert.equal(standing.position, 1);
}

async function agentSaysHello(phone) {
  phone.connect();
  phone.send('hello', { pool_id: poolId, client: 'node-test 1.0', presence: 'PRESENCE_PAUSED' });
  const { welcome } = await phone.hears('welcome');
  assert.notEqual(welcome.session_id, '');
  assert.ok(Number(welcome.lease.seconds) > 0, 'a lease is granted');
  assert.equal(welcome.agent.display_name, 'Ada');

  const refusal = await phone.refused('accept_offer', { offer_id: `${poolId}/1/999999` });
  assert.equal(refusal.code, NOT_FOUND);
  assert.equal(refusal.ErrorInfo.domain, 'muster');
  await phone.act('presence_change', { presence: 'PRESENCE_ONLINE' });
}

async function agentAccepts(phone, customer) {
  const { offer } = await phone.hears('offer');
  assert.equal(offer.ticket_id, customer.ticket.ticket_id);
  assert.equal(offer.queue_display_name, 'Kort');
  assert.equal(offer.subject, 'Spärrat kort');
  assert.deepEqual(offer.required_skills, [{ skill: 'cards', level: 2 }]);
  assert.equal(offer.answer_within.seconds, '25');

  await phone.act('receive_offer', { offer_id: offer.offer_id });
  const requestId = phone.send('accept_offer', { offer_id: offer.offer_id });
  const { assignment_confirmed: confirmed } = await phone.hears('assignment_confirmed');
  const { answer } = await phone.answerTo(requestId);
  assert.equal(answer.status ? answer.status.code : 0, 0);
  assert.equal(confirmed.assignment_id, offer.offer_id, "an assignment has its offer's id");
  assert.equal(confirmed.ticket.text, 'Mitt kort är spärrat – vad gör jag?');
  assert.equal(confirmed.ticket.attributes.tier, 'gold');
  assert.equal(confirmed.ticket.origin.transcript[0].text, 'Mitt kort fungerar inte');
  assert.equal(confirmed.after_work_time.seconds, '60');

  const standing = await customer.seesState('TICKET_STATE_ASSIGNED');
  assert.equal(standing.agent_id, agentId);
  assert.equal(standing.agent_display_name, 'Ada');
  return confirmed.assignment_id;
}

async function agentCompletes(phone, customer, assignmentId) {
  await phone.act('start_wrap_up', { assignment_id: assignmentId });
  await phone.act('complete_assignment',
    { assignment_id: assignmentId, disposition: 'solved', note: 'Kortet är öppet igen' });
  await customer.seesState('TICKET_STATE_RESOLVED');
  assert.equal(await customer.standing.ended, 'OK', 'the watch ends after the final state');

  const assignment = await call(matcher, 'GetAssignment', { assignment_id: assignmentId });
  assert.equal(assignment.state, 'ASSIGNMENT_STATE_COMPLETED');
  assert.equal(assignment.disposition, 'solved');
  assert.equal(assignment.agent_id, agentId);
  const ticket = await call(intake, 'GetTicket', { ticket_id: customer.ticket.ticket_id });
  assert.equal(ticket.state, 'TICKET_STATE_RESOLVED');
  assert.equal(ticket.assignment_id, assignmentId);
}

async function customerLeavesAndOfferIsRevoked(phone) {
  const customer = new Customer(poolId, 'c-2');
  await customer.ask('Vill inte vänta');
  customer.watch();
  const { offer } = await phone.hears('offer');
  assert.equal(offer.ticket_id, customer.ticket.ticket_id);

  await call(intake, 'CancelTicket', { ticket_id: customer.ticket.ticket_id, reason: 'found it out' });
  await customer.seesState('TICKET_STATE_CANCELLED');
  const { offer_revoked: revoked } = await phone.hears('offer_revoked');
  assert.equal(revoked.offer_id, offer.offer_id);
  assert.equal(revoked.reason, 'REVOKE_REASON_CUSTOMER_LEFT');
  const tooLate = await phone.refused('accept_offer', { offer_id: offer.offer_id });
  assert.equal(tooLate.ErrorInfo.reason, 'OFFER_REVOKED');
}

async function agentLeaves(phone) {
  await phone.act('presence_change', { presence: 'PRESENCE_OFFLINE' });
  phone.stream.end();
  assert.equal(await phone.inbox.ended, 'OK');
  const agent = await call(availability, 'GetAgent', { pool_id: poolId, agent_id: agentId });
  assert.equal(agent.presence, 'PRESENCE_OFFLINE');
}

async function main() {
  const customer = new Customer(poolId, 'c-1');
  const phone = new Phone(poolId, agentId);
  let assignmentId;
  console.log(`pool ${poolId}`);
  await scenario('a pool, a queue and an agent are made', setUpPoolAndAgent);
  await scenario('wrong requests are explained', wrongRequestsAreExplained);
  await scenario('a customer asks, and is told its place', () => customerAsks(customer));
  await scenario('an agent connects, and wants work', () => agentSaysHello(phone));
  await scenario('the agent accepts, and the customer knows who serves', async () => {
    assignmentId = await agentAccepts(phone, customer);
  });
  await scenario('the agent completes, and all records agree',
    () => agentCompletes(phone, customer, assignmentId));
  await scenario('a customer leaves, and the offer is revoked',
    () => customerLeavesAndOfferIsRevoked(phone));
  await scenario('the agent leaves', () => agentLeaves(phone));
}

try {
  await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  closeAll();
}
// A stream that a failed step left open must not keep the program alive.
process.exit();
