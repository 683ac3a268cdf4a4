// What the scenarios need of gRPC: clients made from the .proto files at run time, calls as promises,
// streams that can be waited on, and errors with their google.rpc details decoded.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const CALL_TIMEOUT_MS = 10_000;
const STREAM_TIMEOUT_MS = 30_000;

function protoFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return protoFiles(path);
    return entry.name.endsWith('.proto') ? [path] : [];
  });
}

const protoFolder = process.env.MUSTER_PROTO_DIR;
const definition = protoLoader.loadSync(protoFiles(protoFolder), {
  includeDirs: [protoFolder],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
const { muster } = grpc.loadPackageDefinition(definition);

function connect(Service, address) {
  return new Service(address, grpc.credentials.createInsecure());
}

export const intake = connect(muster.intake.v1.IntakeService, process.env.MUSTER_INTAKE);
export const availability =
  connect(muster.availability.v1.AvailabilityService, process.env.MUSTER_AVAILABILITY);
export const agentLink = connect(muster.availability.v1.AgentLink, process.env.MUSTER_AVAILABILITY);
export const matcher = connect(muster.matcher.v1.MatcherService, process.env.MUSTER_MATCHER);

export function closeAll() {
  for (const client of [intake, availability, agentLink, matcher]) client.close();
}

// Unary: resolves with the response, rejects with grpc-js's error.
export function call(client, method, request) {
  const deadline = Date.now() + CALL_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    client[method](request, { deadline }, (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

// The details of a google.rpc.Status, by message name: { ErrorInfo: {...}, BadRequest: {...} }.
function decodeDetails(details) {
  const byName = {};
  for (const any of details) {
    const name = any.type_url.split('/').pop();
    byName[name.replace('google.rpc.', '')] = definition[name].deserialize(any.value);
  }
  return byName;
}

export function statusDetails(status) {
  return decodeDetails(status.details);
}

// Calls what must fail; resolves with its code's name and its details.
export async function failureOf(client, method, request) {
  let response;
  try {
    response = await call(client, method, request);
  } catch (error) {
    const [bytes] = error.metadata.get('grpc-status-details-bin');
    const status = bytes ? definition['google.rpc.Status'].deserialize(bytes) : { details: [] };
    return { code: grpc.status[error.code], message: error.details, ...decodeDetails(status.details) };
  }
  throw new Error(`${method} should have failed, and answered ${JSON.stringify(response)}`);
}

// A stream whose messages can be waited for. Those that nobody has asked for yet are kept.
export class Inbox {
  constructor(stream) {
    this.messages = [];
    this.waiters = [];
    this.ended = new Promise((resolve) => {
      stream.on('status', (status) => resolve(grpc.status[status.code]));
    });
    stream.on('data', (message) => {
      this.messages.push(message);
      this.#serve();
    });
    stream.on('error', (error) => this.#fail(error));
    stream.on('end', () => this.#fail(new Error('the stream ended')));
  }

  // The first message, of those not yet taken, that `matches`; it is taken.
  next(what, matches) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const seen = JSON.stringify(this.messages, null, 1);
        reject(new Error(`no ${what} within ${STREAM_TIMEOUT_MS} ms; not taken: ${seen}`));
      }, STREAM_TIMEOUT_MS);
      this.waiters.push({ what, matches, resolve, reject, timer });
      this.#serve();
      if (this.failure) this.#fail(this.failure);
    });
  }

  #serve() {
    this.waiters = this.waiters.filter((waiter) => {
      const index = this.messages.findIndex(waiter.matches);
      if (index < 0) return true;
      clearTimeout(waiter.timer);
      waiter.resolve(this.messages.splice(index, 1)[0]);
      return false;
    });
  }

  #fail(error) {
    this.failure = error;
    for (const waiter of this.waiters) {
      clearTimeout(waiter.timer);
      waiter.reject(new Error(`waiting for ${waiter.what}: ${error.message}`));
    }
    this.waiters = [];
  }
}
