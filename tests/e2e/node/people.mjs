// A customer and an agent, as their apps would act.
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { Inbox, agentLink, call, intake, statusDetails } from './muster.mjs';

const UNAVAILABLE = 14;
const PATIENCE_MS = 20_000;
const RETRY_MS = 20;

export class Customer {
  constructor(poolId, customerId) {
    this.poolId = poolId;
    this.customerId = customerId;
  }

  async ask(subject) {
    const ticket = {
      pool_id: this.poolId,
      queue_id: 'cards',
      customer_id: this.customerId,
      channel: 'CHANNEL_CHAT',
      language: 'sv',
      subject,
      text: 'Mitt kort är spärrat – vad gör jag?',
      attributes: { tier: 'gold' },
      origin: {
        source: 'bank-bot',
        reason: 'Needs a human to unblock a card',
        transcript: [{ speaker: 'customer', text: 'Mitt kort fungerar inte' }],
      },
    };
    this.request = { ticket, request_id: `${this.poolId}-${this.customerId}` };
    this.ticket = await call(intake, 'CreateTicket', this.request);
    return this.ticket;
  }

  watch() {
    this.standing = new Inbox(intake.WatchTicket({ ticket_id: this.ticket.ticket_id }));
  }

  // Waits until the customer is told of this state.
  seesState(state) {
    return this.standing.next(`standing ${state}`, (standing) => standing.state === state);
  }
}

export class Phone {
  #requests = 0;

  constructor(poolId, agentId) {
    this.poolId = poolId;
    this.agentId = agentId;
  }

  connect() {
    this.stream = agentLink.Connect();
    this.inbox = new Inbox(this.stream);
  }

  send(kind, body) {
    this.#requests += 1;
    const requestId = `${this.poolId}-${this.agentId}-${this.#requests}`;
    this.stream.write({ agent_id: this.agentId, request_id: requestId, [kind]: body });
    return requestId;
  }

  hears(kind) {
    return this.inbox.next(kind, (frame) => frame.kind === kind);
  }

  answerTo(requestId) {
    return this.inbox.next(`answer to ${requestId}`,
      (frame) => frame.kind === 'answer' && frame.answer.request_id === requestId);
  }

  // Sends a frame that must go well, and waits until it is on record.
  async act(kind, body) {
    const { answer } = await this.answerTo(this.send(kind, body));
    const code = answer.status ? answer.status.code : 0;
    assert.equal(code, 0, `${kind}: ${answer.status && answer.status.message}`);
  }

  // Sends a frame that must be refused; resolves with code and decoded details. A pool that was made
  // a moment ago may not have a matcher yet: UNAVAILABLE says so, and a client tries again.
  async refused(kind, body) {
    const giveUp = Date.now() + PATIENCE_MS;
    for (;;) {
      const { answer } = await this.answerTo(this.send(kind, body));
      assert.ok(answer.status && answer.status.code !== 0, `${kind} should have been refused`);
      const refusal = { code: answer.status.code, ...statusDetails(answer.status) };
      if (refusal.code !== UNAVAILABLE || Date.now() > giveUp) return refusal;
      await setTimeout(RETRY_MS);
    }
  }
}
