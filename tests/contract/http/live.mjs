// Follows needChanged with the reference client of a transport: `node live.mjs ws|sse PORT KEY CURSOR`. Prints each
// answer as a line of JSON. After a break it prints {"broken":true}, waits for a line on stdin, and resumes from the
// last cursor it has seen.
import { createInterface } from 'node:readline';
import * as sse from 'graphql-sse';
import * as ws from 'graphql-ws';
import WebSocket from 'ws';

const [transport, port, key, after] = process.argv.slice(2);
const authorization = `Bearer ${key}`;
const lines = createInterface({ input: process.stdin });
const say = (value) => console.log(JSON.stringify(value));
const told = () => {
  say({ broken: true });
  return new Promise((resolve) => lines.once('line', resolve));
};
const request = {
  query: 'subscription($after: String) { needChanged(area: "370832", after: $after) { cursor event need { title } } }',
  variables: { after },
};
const client =
  transport === 'ws'
    ? ws.createClient({
        url: `ws://127.0.0.1:${port}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: { authorization },
        retryAttempts: 5,
        retryWait: told,
        on: { closed: (event) => say({ closed: event.code }) },
      })
    : sse.createClient({
        url: `http://127.0.0.1:${port}/graphql/stream`,
        headers: { authorization },
        retryAttempts: 5,
        retry: told,
      });
client.subscribe(request, {
  next(answer) {
    if (answer.data) request.variables.after = answer.data.needChanged.cursor;
    say(answer);
  },
  error(error) {
    say({ failed: String(error?.message ?? error?.reason ?? error) });
    process.exit(1);
  },
  complete() {
    say({ complete: true });
    process.exit(0);
  },
});
